import base from "./eslint.config.js";

// Rules that need types take as long as all others together, so the gate checks them, not `npm test`.
export default [
  ...base,
  {
    files: ["src/**/*.ts", "bench/**/*.ts", "test/**/*.ts"],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-floating-promises": "error",
    },
  },
];
