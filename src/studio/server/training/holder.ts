import { isHeld, isNear, readLock } from "../../../host/node/files/lock-file.ts";
import { thisProcess } from "../../../host/node/process-identity.ts";

/** Who holds a lock file: nobody, a process that was killed, or one that runs. */
export type Holder =
  | { readonly state: "none" | "dead" }
  | {
      readonly state: "running";
      readonly pid: number;
      /** Name of its machine, if that is another one or another container. */
      readonly elsewhere: string | undefined;
    };

export async function holderOf(path: string): Promise<Holder> {
  const lock = await readLock(path).catch(() => undefined);
  if (lock === undefined) return { state: "none" };
  const self = thisProcess();
  if (lock.pid === undefined || !(await isHeld(lock, self, Date.now()))) return { state: "dead" };
  const elsewhere = isNear(lock, self) ? undefined : (lock.host ?? "another machine");
  return { state: "running", pid: lock.pid, elsewhere };
}
