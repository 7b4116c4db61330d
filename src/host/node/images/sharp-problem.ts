/** Why sharp cannot be loaded, as where its native code lacks a library of the system; undefined if it can. */
export async function sharpProblem(
  load: () => Promise<unknown> = () => import("./sharp.ts"),
): Promise<string | undefined> {
  try {
    await load();
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // What follows is advice of many lines, that fits some of the causes.
    return message
      .split(/\n*Possible solutions/)[0]!
      .trim()
      .replaceAll(/:?\s*\n\s*/g, ": ");
  }
}
