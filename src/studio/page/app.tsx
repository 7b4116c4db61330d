import { useEffect, useState } from "react";
import type { Project } from "../protocol.ts";
import { getJson } from "./api.ts";

export function App() {
  const [project, setProject] = useState<Project>();
  useEffect(() => void getJson<Project>("/api/project").then(setProject), []);
  return <main>{project?.name}</main>;
}
