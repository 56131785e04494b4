"""The pages: server-rendered, in two languages, whole without script. They translate and decide nothing."""
