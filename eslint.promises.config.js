import base from "./eslint.config.js";

/** What the type check of pages and workers covers. */
const web = ["src/web.ts", "src/web/**/*.ts", "src/host/web/**/*.ts", "test/browser/web/**/*.ts"];

const rules = {
  "@typescript-eslint/await-thenable": "error",
  "@typescript-eslint/no-floating-promises": "error",
};

// Rules that need types take as long as all others together, so the gate checks them, not `npm test`.
export default [
  ...base,
  {
    files: ["src/**/*.ts", "bench/**/*.ts", "test/**/*.ts"],
    ignores: ["src/studio/page/**", ...web],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules,
  },
  {
    files: web,
    languageOptions: {
      parserOptions: { project: "tsconfig.web.json", tsconfigRootDir: import.meta.dirname },
    },
    rules,
  },
  {
    files: ["src/studio/page/**/*.{ts,tsx}"],
    languageOptions: {
      parserOptions: { project: "tsconfig.page.json", tsconfigRootDir: import.meta.dirname },
    },
    rules,
  },
];
