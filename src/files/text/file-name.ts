import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** Most bytes of a file or folder name; leaves room for an ending within the 255 of every file system. */
const longest = 180;

const encoder = new TextEncoder();

/** Names of devices on Windows. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * A relative path, with `/`, that stays below the folder it is joined to, on every system. Subfolders are kept;
 * characters that a name cannot have become `_`; `..` and the root are dropped.
 */
export function safePath(name: string): string {
  const parts = name.split(/[/\\]+/).filter((part) => !/^[.\s]*$/.test(part));
  return parts.map(safePart).join("/") || "unnamed";
}

/** A single file or folder name: like `safePath`, with the separators of subfolders replaced by `-`. */
export function safeFileName(name: string): string {
  return safePath(name).replaceAll("/", "-");
}

/**
 * A name that is not in use in any letter case or Unicode form, since `safePath` can make different names equal.
 * @param used names in use, as `nameKey` has them; the new one is added
 */
export function freeName(wanted: string, used: Set<string>): string {
  let name = wanted;
  for (let n = 2; used.has(nameKey(name)); n++) name = `${wanted}-${n}`;
  used.add(nameKey(name));
  return name;
}

/** Equal for names that are one on some file systems, or to readers of zips: in letter case, and in how an accent is written. */
export function nameKey(name: string): string {
  return name.normalize("NFC").toLowerCase();
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
  if (byteLength(allowed) <= longest) return allowed;
  // Names that agree in their first hundred letters must still differ.
  const digest = bytesToHex(sha256(encoder.encode(part))).slice(0, 12);
  let short = "";
  for (const letter of allowed) {
    if (byteLength(short + letter) > longest - digest.length - 1) break;
    short += letter;
  }
  return `${short}-${digest}`;
}

function byteLength(text: string): number {
  return encoder.encode(text).length;
}
