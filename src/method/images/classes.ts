import { UserError } from "../../user-error.ts";

/** Most foreground classes: labels have 8 bits, of which 0 is the background and 255 ignored pixels. */
export const maxClasses = 254;

/** The twenty classes of PASCAL VOC in the order of its labels 1 to 20. */
export const vocClasses: readonly string[] = [
  "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog",
  "horse motorbike person pottedplant sheep sofa train tvmonitor",
]
  .join(" ")
  .split(" ");

/** The eighty classes of MS COCO in the order of their category ids, which have gaps: labels 1 to 80. */
export const cocoClasses: readonly string[] = [
  "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light",
  "fire hydrant,stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant",
  "bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard",
  "sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket",
  "bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange",
  "broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed",
  "dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven",
  "toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier",
  "toothbrush",
]
  .join(",")
  .split(",");

/** The 256 colors of PASCAL VOC masks: the bits of the label distributed over red, green and blue. */
export const vocPalette: readonly (readonly [number, number, number])[] = Array.from(
  { length: 256 },
  (_, label) => {
    const channel = (first: number): number => {
      let value = 0;
      for (let bit = 0; bit < 8; bit++) {
        value |= ((label >> (3 * bit + first)) & 1) << (7 - bit);
      }
      return value;
    };
    return [channel(0), channel(1), channel(2)] as const;
  },
);

/** Names of the background in class lists and label maps of annotation tools. */
const backgroundNames: ReadonlySet<string> = new Set([
  "background",
  "_background_",
  "__background__",
]);

/**
 * Whether a name stands for the background, label 0, in any letter case. `bg` does so only as the first name, which is
 * a guess; see `guessedBackground`.
 * @param index place of the name in its list, from 0; without it only certain names count
 */
export function isBackground(name: string, index?: number): boolean {
  const key = name.trim().toLowerCase();
  return backgroundNames.has(key) || (index === 0 && key === "bg");
}

/** A sentence about the first name of a list if it is only a guess that it stands for the background. */
export function guessedBackground(names: readonly string[]): string | undefined {
  const [first] = names;
  if (first === undefined || !isBackground(first, 0) || isBackground(first)) return undefined;
  return `"${first}", the first name, is taken for the background, label 0`;
}

/**
 * The foreground class names of a list in label order, whose first name may be the background's. A UserError if a later
 * one is, since the labels behind it would be in doubt.
 */
export function foregroundClasses(names: readonly string[], where: string): string[] {
  // Label lists of labelme begin with the name of label -1.
  const start = names[0] === "__ignore__" && isBackground(names[1] ?? "", 0) ? 1 : 0;
  const classes = names.slice(start + (isBackground(names[start] ?? "", 0) ? 1 : 0));
  const later = classes.findIndex((name) => isBackground(name));
  if (later < 0) return classes;
  throw new UserError(
    `${where}: class ${later + 1} is "${classes[later]}"; background is label 0 by itself, so its name comes first or not at all`,
  );
}

/** Throws a UserError unless these can be the foreground classes of a data set; `where` begins its message. */
export function validateClasses(classes: readonly string[], where: string): void {
  if (classes.length === 0) throw new UserError(`${where}: no classes; at least one is needed`);
  if (classes.length > maxClasses) {
    throw new UserError(
      `${where}: ${classes.length} classes; masks have 8 bits, so at most ${maxClasses} are possible`,
    );
  }
  const seen = new Map<string, number>();
  classes.forEach((name, i) => {
    if (name.trim() === "") throw new UserError(`${where}: class ${i + 1} has an empty name`);
    if (/[;\p{Cc}]/u.test(name)) {
      throw new UserError(
        `${where}: class ${i + 1}, ${JSON.stringify(name)}, has a semicolon or control character`,
      );
    }
    const key = name.trim().toLowerCase();
    if (key === "background") {
      throw new UserError(
        `${where}: class ${i + 1} is "${name}"; background is label 0 by itself, list foreground classes only`,
      );
    }
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      throw new UserError(
        `${where}: classes ${earlier + 1} and ${i + 1} are both "${name}"; names must differ by more than case`,
      );
    }
    seen.set(key, i);
  });
}
