import { answerQuestions } from "../../src/studio/server/asked-process.ts";

/** Answers with what it is asked, and dies of the question `die`. */
answerQuestions((work: string) => {
  if (work === "die") process.exit(3);
  if (work === "fail") return Promise.reject(new Error("it cannot be done"));
  return Promise.resolve({ work, pid: process.pid });
});
