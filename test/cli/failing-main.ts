// The command line, as a process that can be made to fail from outside.
process.on("SIGUSR2", () => {
  throw new Error("made to throw");
});
process.on("SIGWINCH", () => process.exit(0));
void import("../../src/cli/main.ts");
