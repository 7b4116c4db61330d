import ts from "typescript";
import type { Mutation } from "./mutation.ts";

const swapped: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.PlusToken]: "-",
  [ts.SyntaxKind.MinusToken]: "+",
  [ts.SyntaxKind.AsteriskToken]: "/",
  [ts.SyntaxKind.SlashToken]: "*",
  [ts.SyntaxKind.PercentToken]: "*",
  [ts.SyntaxKind.PlusEqualsToken]: "-=",
  [ts.SyntaxKind.MinusEqualsToken]: "+=",
  [ts.SyntaxKind.AsteriskEqualsToken]: "/=",
  [ts.SyntaxKind.SlashEqualsToken]: "*=",
};

/** For each comparison the operator and addend that move its bound by one in either direction. */
const moved: Partial<Record<ts.SyntaxKind, readonly (readonly [string, string])[]>> = {
  [ts.SyntaxKind.LessThanToken]: [
    ["<=", ""],
    ["<", " - 1"],
  ],
  [ts.SyntaxKind.LessThanEqualsToken]: [
    ["<", ""],
    ["<=", " + 1"],
  ],
  [ts.SyntaxKind.GreaterThanToken]: [
    [">=", ""],
    [">", " + 1"],
  ],
  [ts.SyntaxKind.GreaterThanEqualsToken]: [
    [">", ""],
    [">=", " - 1"],
  ],
};

/**
 * Every mutation of a source file: arithmetic swapped, bounds moved by one, conditions negated, statements
 * dropped, constants doubled. Not all of them compile.
 */
export function mutationsOf(file: string, text: string): Mutation[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const mutations: Mutation[] = [];
  const add = (
    node: ts.Node,
    operator: string,
    after: string,
    place: Mutation["place"] = "expression",
  ): void => {
    const [start, end] = [node.getStart(source), node.getEnd()];
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    const before = text.slice(start, end);
    mutations.push({ file, operator, start, end, before, after, line, place });
  };
  const negate = (condition: ts.Expression): void =>
    add(condition, "negated condition", `!(${condition.getText(source)})`);
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isBinaryExpression(node)) {
      const { kind } = node.operatorToken;
      const [left, right] = [node.left.getText(source), node.right.getText(source)];
      if (swapped[kind]) add(node, "arithmetic swap", `${left} ${swapped[kind]} ${right}`);
      for (const [comparison, addend] of moved[kind] ?? [])
        add(node, "boundary ±1", `${left} ${comparison} ${addend ? `(${right})${addend}` : right}`);
    } else if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) {
      negate(node.expression);
    } else if (ts.isConditionalExpression(node)) {
      negate(node.condition);
    } else if (ts.isNumericLiteral(node)) {
      const isName = ts.isPropertyAssignment(node.parent) && node.parent.name === node;
      if (Number(node.text) !== 0 && !isName)
        add(node, "constant × 2", `(${node.getText(source)} * 2)`);
    } else if (isDroppable(node)) {
      add(node, "dropped statement", ";", "statement");
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutations;
}

function isDroppable(node: ts.Node): boolean {
  if (ts.isExpressionStatement(node))
    return !(
      ts.isCallExpression(node.expression) &&
      node.expression.expression.kind === ts.SyntaxKind.SuperKeyword
    );
  return (
    ts.isReturnStatement(node) || ts.isThrowStatement(node) || ts.isBreakOrContinueStatement(node)
  );
}
