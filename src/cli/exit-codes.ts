/**
 * Exit codes of the command line: `missing` if shards are missing, `temporary` (EX_TEMPFAIL of sysexits.h) for a task that was
 * interrupted and can be started again. 130 is what shells report for a program that Ctrl-C ended.
 */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  missing: 3,
  temporary: 75,
  interrupted: 130,
} as const;
