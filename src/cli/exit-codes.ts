/** Exit codes of the command line; 130 is what shells report for a program that Ctrl-C ended. */
export const exitCodes = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;
