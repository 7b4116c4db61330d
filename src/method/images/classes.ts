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
