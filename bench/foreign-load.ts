import { cpus } from "node:os";

/** Begins to watch; the result, when called, tells how many cores other processes kept busy since. */
export function watchForeignLoad(now: () => number): () => number {
  const before = { machine: machineSeconds(), own: ownSeconds(), time: now() };
  return () => {
    const machine = machineSeconds() - before.machine;
    const own = ownSeconds() - before.own;
    // The two clocks tick differently: on an idle machine the difference may fall below 0.
    return Math.max(0, machine - own) / (now() - before.time);
  };
}

/** Seconds of all cores that were not idle, since the machine started. */
function machineSeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys, 0) / 1000;
}

function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
