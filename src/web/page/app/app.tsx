import { useEffect, useState } from "react";
import "../../../studio/page/style.css";
import "./app.css";
import { DataScreen } from "./data/data-screen.tsx";
import { desk } from "./client.ts";
import { hrefOf, useRoute, type Route } from "./route.ts";
import { MasksScreen } from "./masks/masks-screen.tsx";
import { RunScreen } from "./run/run-screen.tsx";
import { tab, type Training } from "./run/training.ts";
import { StartScreen } from "./start/start-screen.tsx";
import { useStore } from "./store.ts";
import { percent, t } from "./strings.ts";
import type { Facts } from "../protocol.ts";

/** The page of tag2mask: everything in it runs in this tab. */
export function App() {
  const route = useRoute();
  const { training } = useStore(tab);
  const [facts, setFacts] = useState<Facts>();
  useEffect(() => void desk.ask("facts", null).then(setFacts, () => undefined), []);
  useEffect(() => {
    // What is dropped beside a place for it must not take the page away.
    const ignore = (event: DragEvent): void => event.preventDefault();
    addEventListener("dragover", ignore);
    addEventListener("drop", ignore);
    return () => {
      removeEventListener("dragover", ignore);
      removeEventListener("drop", ignore);
    };
  }, []);
  return (
    <div className="page">
      <a className="skip" href="#content" onClick={skip}>
        {t.skip}
      </a>
      <header className="top">
        <a className="brand" href={hrefOf({ screen: "start" })}>
          {t.title}
        </a>
        <nav aria-label={t.nav.label}>
          {links.map(({ to, label, screens }) => (
            <a
              key={label}
              href={hrefOf(to)}
              aria-current={screens.includes(route.screen) ? "page" : undefined}
            >
              {label}
            </a>
          ))}
          {training && <TrainingLink key={training.state.run} training={training} route={route} />}
        </nav>
        <span className="private">
          {t.private}
          {facts && <small> {facts.threads.note}</small>}
        </span>
      </header>
      <main id="content" tabIndex={-1} data-screen={route.screen}>
        {route.screen === "start" && <StartScreen />}
        {route.screen === "masks" && <MasksScreen />}
        {route.screen === "train" && <DataScreen key="train" isDemo={false} />}
        {route.screen === "demo" && <DataScreen key="demo" isDemo />}
        {route.screen === "run" && <RunScreen key={route.run} run={route.run} />}
      </main>
    </div>
  );
}

const links: readonly {
  readonly to: Route;
  readonly label: string;
  readonly screens: readonly Route["screen"][];
}[] = [
  { to: { screen: "start" }, label: t.nav.start, screens: ["start"] },
  { to: { screen: "masks" }, label: t.nav.masks, screens: ["masks"] },
  { to: { screen: "train" }, label: t.nav.train, screens: ["train", "demo"] },
];

/** Leads to the training of this tab, and tells of it in the title of the tab. */
function TrainingLink({ training, route }: { readonly training: Training; readonly route: Route }) {
  const { run, steps, stage } = useStore(training);
  const last = steps.at(-1);
  const share = last ? percent((last.step + 1) / last.steps) : percent(0);
  const isActive = stage !== "ended";
  useEffect(() => {
    if (!isActive) return;
    document.title = t.run.tab(share, run);
    return () => void (document.title = t.title);
  }, [share, run, isActive]);
  useEffect(() => {
    if (!isActive) return;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isActive]);
  const isHere = route.screen === "run" && route.run === run;
  return (
    <a href={hrefOf({ screen: "run", run })} aria-current={isHere ? "page" : undefined}>
      {run} {isActive && <span className="count">{share}</span>}
    </a>
  );
}

/** The address of the page says what it shows, so that it cannot be the place to skip to. */
function skip(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")!.focus();
}
