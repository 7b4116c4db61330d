import { createHash } from "node:crypto";

/** Longest file or folder name, in bytes, that leaves room for an ending under every file system's 255. */
const longest = 180;

/** Names that mean devices on Windows. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * A relative path, with `/`, that stays below the folder it is joined to, on every system. Sub-folders
 * are kept; what a name cannot have becomes `_`; `../../node` and the root are dropped.
 */
export function safePath(name: string): string {
  const parts = name.split(/[/\\]+/).filter((part) => !/^[.\s]*$/.test(part));
  return parts.map(safePart).join("/") || "unnamed";
}

/** A name usable as one file or folder name: as `safePath`, with sub-folders made part of the name. */
export function safeFileName(name: string): string {
  return safePath(name).replaceAll("/", "-");
}

/** A name that no other of a job has: different ones may be alike after `safePath`, or but for their case. */
export function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${wanted}-${n}`;
  taken.add(name.toLowerCase());
  return name;
}

/** Whether a path is absolute or climbs out of the folder that it is relative to. */
export function leavesFolder(path: string): boolean {
  return /^([/\\]|[a-z]:)/i.test(path) || /(^|[/\\])\.\.($|[/\\])/.test(path);
}

function safePart(part: string): string {
  const clean = part
    .replace(/[\p{Cc}\p{Surrogate}<>:"|?*]/gu, "_")
    .replace(/^\./, "_")
    .replace(/[.\s]+$/, "");
  const allowed = reserved.test(clean) ? `_${clean}` : clean;
  if (Buffer.byteLength(allowed) <= longest) return allowed;
  // Names alike in their first hundred letters must still differ.
  const digest = createHash("sha256").update(part).digest("hex").slice(0, 12);
  let short = "";
  for (const letter of allowed) {
    if (Buffer.byteLength(short + letter) > longest - digest.length - 1) break;
    short += letter;
  }
  return `${short}-${digest}`;
}
