// Elements made by calls, texts set as texts: nothing a licence says can become markup.
const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((each) => each !== null && each !== undefined));
  return element;
}

export const el = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);

const svg = (name, attributes, ...children) => filled(document.createElementNS(SVG, name), attributes, children);

const thick = { fill: "none", stroke: "currentColor", "stroke-width": 5 };
const outline = { fill: "none", stroke: "currentColor", "stroke-width": 4, "stroke-linejoin": "round" };
const SIGNS = {
  accept: () => [svg("circle", { ...outline, cx: 24, cy: 24, r: 20 }), svg("path", { ...thick, d: "M14 25l7 7 13-15" })],
  stop: () => [
    svg("path", { ...outline, d: "M16 4h16l12 12v16L32 44H16L4 32V16z" }),
    svg("path", { ...thick, d: "M16 16l16 16M32 16L16 32" }),
  ],
  check: () => [svg("path", { ...outline, d: "M24 5l21 37H3z" }), svg("path", { ...thick, d: "M24 17v13M24 33.5v5" })],
  cannot_decide: () => [
    svg("path", { ...outline, d: "M5 5h38v38H5z" }),
    svg("path", { ...thick, d: "M17 19c0-9 14-9 14 0 0 5-7 5-7 11M24 33.5v5" }),
  ],
};
const OUTCOMES = {
  passed: "M2 8.5l4 4 8-9",
  failed: "M3 3l10 10M13 3L3 13",
  unknown: "M4.5 5c0-4 7-4 7 0 0 2.500-3.500 2.500-3.500 5M8 12.500v2",
  skipped: "M3 8h10",
};

// The sign of a class, told from the others by its outline alone; it stands beside its word and is not read out.
export function sign(shape) {
  const attributes = { class: "sign", viewBox: "0 0 48 48", width: 48, height: 48, "aria-hidden": "true", focusable: "false" };
  return svg("svg", attributes, SIGNS[shape]());
}

export function outcomeSign(outcome) {
  const attributes = { class: "outcome", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true", focusable: "false" };
  return svg("svg", attributes, svg("path", { d: OUTCOMES[outcome] }));
}
