import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { keepOffline } from "./offline/offline.ts";
import { Notices } from "./shell/notices.tsx";

await keepOffline();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
    <Notices />
  </StrictMode>,
);
