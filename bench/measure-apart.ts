import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { UserError } from "../src/user-error.ts";

/**
 * Runs a script in its own process, so that its memory is measured alone, and returns its answer.
 * @param what the script does, for the message if it fails
 */
export function measureApart<Answer>(
  script: URL,
  args: readonly string[],
  what: string,
): Promise<Answer> {
  const child = fork(fileURLToPath(script), args);
  return new Promise((resolve, reject) => {
    let answer: { readonly value: Answer } | null = null;
    child.on("message", (message) => (answer = { value: message as Answer }));
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (answer && code === 0) resolve(answer.value);
      else {
        const end = signal ? `was ended by ${signal}` : `ended with code ${code}`;
        reject(new UserError(`${what} ${end}; its own message is above`));
      }
    });
  });
}
