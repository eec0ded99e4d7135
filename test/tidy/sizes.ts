import ts from 'typescript';
import type { Finding, Measure, Rule } from './rule.ts';
import { isTest, lineAt, type Source, type Workspace, walk } from './workspace.ts';

interface Size extends Finding {
  readonly size: number;
}

const shorterFile = 'split it by what its parts are about; each part gets a name that says so';
const shorterFunction = 'name its steps and make each a function, or make the cases a table';

export const fileP95 = bound('lines of a file, 95th percentile', 400, shorterFile, files, percentile95);
export const fileMax = bound('lines of the longest file', 700, shorterFile, files, largest);
export const functionP95 = bound('lines of a function, 95th percentile', 40, shorterFunction, functions, percentile95);
export const functionMax = bound('lines of the longest function', 70, shorterFunction, functions, largest);
export const seamMax = bound(
  'methods of the widest seam',
  8,
  'split it by who calls what, or pass data instead of callbacks',
  seams,
  largest,
);

function bound(
  name: string,
  aim: number,
  instead: string,
  sizes: (workspace: Workspace) => Size[],
  value: (sizes: Size[]) => number,
): Rule {
  const measure = (workspace: Workspace): Measure => {
    const sorted = sizes(workspace).sort((a, b) => b.size - a.size);
    return { value: value(sorted), findings: sorted.filter(({ size }) => size > aim) };
  };
  return { name, aim, instead, measure };
}

/** Of sizes in falling order. */
function percentile95(sorted: Size[]): number {
  return sorted[Math.floor(sorted.length * 0.05)]?.size ?? 0;
}

function largest(sorted: Size[]): number {
  return sorted[0]?.size ?? 0;
}

function files({ sources }: Workspace): Size[] {
  return sources.map(({ path, text }) => {
    const size = text.trimEnd().split('\n').length;
    return { path, line: 0, what: `has ${size} lines`, size };
  });
}

/** Functions with a body of statements, outside tests: a test's is as long as what it tells. */
function functions({ sources }: Workspace): Size[] {
  return sources.filter(({ path }) => !isTest(path)).flatMap(functionsOf);
}

function functionsOf(file: Source): Size[] {
  const found: Size[] = [];
  walk(file, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined || !ts.isBlock(node.body as ts.Node)) return;
    const size = codeLines(node.getText(file.ast));
    found.push({ path: file.path, line: lineAt(file, node.getStart(file.ast)), what: `${nameOf(node)} has ${size} lines`, size });
  });
  return found;
}

/** Lines that are neither blank nor only a comment. */
function codeLines(text: string): number {
  return text.split('\n').filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line)).length;
}

function nameOf(node: ts.SignatureDeclaration): string {
  const named = node.name ?? (ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent) ? node.parent.name : undefined);
  return named?.getText() ?? (ts.isConstructorDeclaration(node) ? 'constructor' : 'a function');
}

/** Interfaces and object types by how many functions an implementation must bring. */
function seams({ sources }: Workspace): Size[] {
  return sources.flatMap((file) => {
    const found: Size[] = [];
    walk(file, (node) => {
      if (!ts.isInterfaceDeclaration(node) && !ts.isTypeLiteralNode(node)) return;
      const size = node.members.filter(isMethod).length;
      const name = ts.isInterfaceDeclaration(node) ? node.name.text : 'an object type';
      found.push({ path: file.path, line: lineAt(file, node.getStart(file.ast)), what: `${name} has ${size} methods`, size });
    });
    return found;
  });
}

function isMethod(member: ts.TypeElement): boolean {
  return (
    ts.isMethodSignature(member) || (ts.isPropertySignature(member) && member.type !== undefined && ts.isFunctionTypeNode(member.type))
  );
}
