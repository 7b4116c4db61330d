/** Deepest nesting that is read: the values of all known files lie ten levels deep, and what walks deep ones overflows. */
export const deepestJson = 500;

/** Parses a JSON text; a SyntaxError with one line also for one that is nested too deeply. */
export function parseJson(text: string): unknown {
  checkDepth(text);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // Its messages quote the text with its line breaks.
    throw new SyntaxError((error as Error).message.replaceAll(/\s+/g, " "), { cause: error });
  }
}

/** Throws a SyntaxError for a text that is nested too deeply; JSON.parse would read it. */
function checkDepth(text: string): void {
  let depth = 0;
  // Brackets, and texts, in which brackets mean nothing; a text without end goes on to the end.
  for (const [token] of text.matchAll(/[[\]{}]|"(?:[^"\\]|\\.)*(?:"|$)/gs)) {
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    if (depth > deepestJson)
      throw new SyntaxError(`it is nested more than ${deepestJson} levels deep`);
  }
}
