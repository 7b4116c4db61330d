/** Widest indentation, and deepest nesting of brackets, that is read: settings and lists of names need four levels. */
const [widest, deepest] = [100, 100];

/** Throws a SyntaxError for a YAML text that is nested so deeply that its parser would take minutes or overflow. */
export function checkYamlDepth(text: string): void {
  for (const [begin] of text.matchAll(/^(?:[ \t]|[-?:][ \t])+/gm)) {
    if (begin.length > widest) {
      throw new SyntaxError(`it is indented by more than ${widest} columns`);
    }
  }
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = Math.max(0, depth + (bracket === "[" || bracket === "{" ? 1 : -1));
    if (depth > deepest) throw new SyntaxError(`it is nested more than ${deepest} levels deep`);
  }
}
