import { beforeAll, expect, test } from "vitest";
import { runCampaign, type Campaign } from "../../bench/fuzz/campaign.ts";

const cases = 1500;
const memory = 1000 * 2 ** 20;

let campaign: Campaign;
beforeAll(async () => {
  campaign = await runCampaign({ cases, seed: 31 });
}, 240_000);

test("undamaged, each file is read, but for the one that names os.system", () => {
  const whole = campaign.reports.filter(({ index }) => index < 0);
  const refused = whole.filter((report) => report.refused).map(({ subject }) => subject);
  expect(whole.length).toBeGreaterThan(40);
  expect(refused).toEqual(["npy that names os.system"]);
});

test("1,500 damaged files: each is read, or refused in one line, within two seconds", () => {
  expect(campaign.reports.length).toBeGreaterThanOrEqual(cases);
  expect(campaign.reports.filter(({ wrong }) => wrong !== undefined)).toEqual([]);
});

test("none takes the memory far above that of the readers themselves", () => {
  expect(campaign.peak).toBeLessThan(memory);
});

test("the damage goes deep enough: of most readers' files some are read and some refused", () => {
  const subjects = [...new Set(campaign.reports.map(({ subject }) => subject))];
  const mixed = subjects.filter((name) => {
    const own = campaign.reports.filter(({ subject, index }) => subject === name && index >= 0);
    return own.some(({ refused }) => refused) && own.some(({ refused }) => !refused);
  });
  // Tables are read with a list of what is wrong in them, and few changes leave a checkpoint whole.
  expect(mixed.length).toBeGreaterThan(0.5 * subjects.length);
});
