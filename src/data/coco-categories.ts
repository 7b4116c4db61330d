/** A kind of object in COCO: the id in its annotation files, and its name. */
export interface CocoCategory {
  readonly id: number;
  readonly name: string;
}

/** The names by id; of the 90 ids ten were never given out. */
const names: readonly (readonly [first: number, names: string])[] = [
  [1, "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant"],
  [13, "stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe"],
  [27, "backpack,umbrella"],
  [31, "handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove"],
  [41, "skateboard,surfboard,tennis racket,bottle"],
  [46, "wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog"],
  [59, "pizza,donut,cake,chair,couch,potted plant,bed"],
  [67, "dining table"],
  [70, "toilet"],
  [72, "tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator"],
  [84, "book,clock,vase,scissors,teddy bear,hair drier,toothbrush"],
];

/** The 80 categories of COCO 2014 and 2017, by ascending id (1 to 90, with gaps). */
export const cocoCategories: readonly CocoCategory[] = names.flatMap(([first, list]) =>
  list.split(",").map((name, i) => ({ id: first + i, name })),
);

/** Their names in this order: label i + 1 of a mask is `cocoClasses[i]`. */
export const cocoClasses: readonly string[] = cocoCategories.map(({ name }) => name);
