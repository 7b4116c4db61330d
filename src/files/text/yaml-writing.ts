export { Document } from "yaml";
