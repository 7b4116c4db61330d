export { LineCounter, parse, parseDocument, visit } from "yaml";
