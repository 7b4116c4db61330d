/** The commands in the blocks marked `sh` of a page, a line each, in their order. */
export function commandsOf(page: string): string[] {
  return Array.from(page.matchAll(/^```sh\n([^]*?)^```$/gm), ([, block]) => block!)
    .join("")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
}

/** The files and folders that a page names as code, by their paths below the working folder. */
export function pathsOf(page: string): string[] {
  const prose = page.replaceAll(/^```[^]*?^```$/gm, "");
  const words = Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, code]) => code!);
  return [...new Set(words.filter((code) => /^[\w-]+\/[\w./-]*$/.test(code)))];
}
