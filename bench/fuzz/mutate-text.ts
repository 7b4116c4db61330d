import type { Random } from "../../src/engine/random.ts";
import { pick } from "./mutate-bytes.ts";
import { depths, numbers, texts } from "./values.ts";

const values = [...numbers, ...texts];

/** A text of lines with a line or cell changed, or in another encoding. */
export function mutateTable(bytes: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(bytes).toString();
  const lines = text.split("\n");
  const at = random.int(lines.length);
  switch (random.int(7)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(at, 0, ...Array<string>(1 + random.int(100)).fill(pick(random, lines)));
      break;
    case 2:
      return encoded(text, random);
    case 3:
      return Buffer.from(
        text.replaceAll(/[,;\t ]/g, pick(random, [",", ";", "\t", "|", " ", '"'])),
      );
    case 4:
      return Buffer.from(
        text.replaceAll("\n", pick(random, ["\r\n", "\r", "\n\n", "\0", "\u2028"])),
      );
    default: {
      const cells = lines[at]!.split(/([,;:\t ])/);
      const cell = random.int(cells.length);
      if (random.chance(0.2)) cells.splice(cell, 1);
      else cells[cell] = pick(random, values);
      lines[at] = cells.join("");
    }
  }
  return Buffer.from(lines.join("\n"));
}

function encoded(text: string, random: Random): Uint8Array {
  const mark = random.chance(0.5) ? "\uFEFF" : "";
  switch (random.int(4)) {
    case 0:
      return Buffer.from(mark + text, "utf16le");
    case 1:
      return Buffer.from(mark + text, "utf16le").swap16();
    case 2:
      return Buffer.from(text.replace("a", "\u00e4"), "latin1");
    default:
      return Buffer.from(mark + text);
  }
}

/** An XML text with a tag, an attribute or the text of an element changed. */
export function mutateXml(bytes: Uint8Array, random: Random): Uint8Array {
  // Tags, values of attributes and texts in turn.
  const parts = Buffer.from(bytes)
    .toString()
    .split(/(<[^>"]*>?|"[^"]*")/);
  const at = random.int(parts.length);
  const part = parts[at]!;
  switch (random.int(5)) {
    case 0:
      parts.splice(at, 1);
      break;
    case 1:
      parts.splice(at, 0, ...parts.slice(at, at + random.int(20)));
      break;
    case 2: {
      const depth = pick(random, depths);
      parts.splice(at, 0, "<a>".repeat(depth), "</a>".repeat(depth));
      break;
    }
    case 3:
      parts.splice(0, 0, '<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;&b;&b;">]>');
      parts[at + 1] += "&d;";
      break;
    default:
      parts[at] = part.startsWith('"') ? `"${pick(random, values)}"` : pick(random, values);
  }
  return Buffer.from(parts.join(""));
}
