import { describe, expect, test } from "vitest";
import { LostDetails, unexplained } from "../../../src/files/formats/lost-details.ts";

test("an image counts once for each detail, other images besides", () => {
  const losses = new LostDetails();
  for (const [what, image] of ["xa", "xb", "xa", "ya"]) losses.add(what!, image!);
  expect(losses.list()).toEqual([
    { what: "x", images: 2 },
    { what: "y", images: 1 },
  ]);
});

describe("the ledger of an image", () => {
  const list = (enter: (losses: LostDetails) => void) => {
    const losses = new LostDetails();
    enter(losses);
    return losses.list();
  };

  test("balances if its objects are shown or told as lost, with their number", () => {
    const losses = list((ledger) => {
      ledger.read("a", 5);
      ledger.shown("a", 2);
      ledger.add("covered", "a", 1);
      ledger.add("covered", "a", 2);
      ledger.add("cut", "a");
    });
    expect(losses).toEqual([
      { what: "covered", images: 1, objects: 3 },
      { what: "cut", images: 1 },
    ]);
  });

  test.each<[string, number, number, number]>([
    ["an object that nobody tells", 3, 2, 1],
    ["an object shown that was never read", 0, 2, 2],
  ])("tells %s, whatever other images make up for it", (_, read, shown, objects) => {
    const losses = list((ledger) => {
      ledger.read("a", read);
      ledger.shown("a", shown);
      ledger.read("b", shown);
      ledger.shown("b", shown);
    });
    expect(losses).toEqual([{ what: unexplained, images: 1, objects }]);
  });

  test("has no entries once the image is left out, and counts the objects of the others", () => {
    const ledger = new LostDetails();
    ledger.read("a", 3);
    ledger.add("covered", "a", 1);
    ledger.read("b", 2);
    ledger.shown("b", 2);
    ledger.leaveOut("a");
    expect([ledger.list(), ledger.objects]).toEqual([[], 2]);
  });
});
