import { UserError } from "../../../user-error.ts";
import type { Lock, LockUse } from "../../store.ts";

/** What is done in a locked folder, in messages. */
const words = {
  training: { about: "training", folder: "run folder" },
  writing: { about: "job", folder: "folder" },
} as const;

/**
 * The exclusive right to write a folder among all tabs and workers of the page's origin. It ends with its tab or worker, so a
 * run whose tab was closed can be resumed.
 * @param exists whether the folder is still there
 */
export async function lockFolder(
  folder: string,
  exists: () => Promise<boolean>,
  { place = folder, work = "training" }: LockUse = {},
): Promise<Lock> {
  const { about, folder: what } = words[work];
  let release = (): void => undefined;
  let isHeld = false;
  const held = new Promise<void>((resolve) => (release = resolve));
  const options = { ifAvailable: true } as const;
  const taken = await new Promise<boolean>((resolve, reject) => {
    const request = navigator.locks.request(`tag2mask ${folder}`, options, (lock) => {
      isHeld = lock !== null;
      resolve(isHeld);
      return lock ? held : undefined;
    });
    request.then(
      () => (isHeld = false),
      (error: unknown) => {
        isHeld = false;
        reject(error as Error);
      },
    );
  });
  if (!taken) {
    throw new UserError(
      `${place}: another tab or worker of this page is writing it; wait for its ${about} or stop it there`,
      { code: "locked" },
    );
  }
  return {
    async check() {
      if (!(await exists())) {
        throw new UserError(
          `${place}: the ${what} was removed during the ${about}; start it again`,
          {
            code: "not-found",
          },
        );
      }
      if (isHeld) return;
      throw new UserError(
        `${place}: another tab or worker has taken the folder over; stopped without writing to it; once no other ${about} runs ` +
          "there, resume it",
        { code: "lock-lost" },
      );
    },
    async release() {
      release();
    },
  };
}
