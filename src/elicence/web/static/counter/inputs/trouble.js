// What keeps a file from being read: `trouble` names the words, `problem.<trouble>`.
export class FileTrouble extends Error {
  constructor(trouble) {
    super(trouble);
    this.trouble = trouble;
  }
}
