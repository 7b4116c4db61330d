import { useStore } from "../app/store.ts";
import { offline } from "../offline/offline.ts";
import "./notices.css";

/** What the visitor should know of the page itself: that it works offline or not, threads that are missing, a new version. */
export function Notices() {
  const { isKept, problem, oneThread, reload } = useStore(offline);
  return (
    <footer className="page-notices">
      <div role="status">
        {reload === "version" && (
          <p>
            A new version of this page is ready. What runs here goes on; the new version opens when
            the page is loaded again. <Reload />
          </p>
        )}
        {oneThread !== undefined && (
          <p>
            Computing with one thread, which takes longer: {oneThread}.{" "}
            {reload === "threads" && <Reload />}
          </p>
        )}
        {problem !== undefined && problem !== oneThread && (
          <p>
            {isKept
              ? "A new version of this page could not be fetched"
              : "Not kept for use offline"}
            : {problem}.
          </p>
        )}
        {isKept && <p>Works offline.</p>}
      </div>
      <p>
        <a href="./licenses.txt" target="_blank">
          Licenses
        </a>
      </p>
    </footer>
  );
}

function Reload() {
  return <button onClick={() => location.reload()}>Reload</button>;
}
