import { posix } from 'node:path';
import ts from 'typescript';
import { ban, type Finding } from './rule.ts';
import { isTest, lineAt, type Source, type Workspace, walk } from './workspace.ts';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Erased when it runs: `import type`, `export type`, or only `type` names. */
  readonly typeOnly: boolean;
}

/** Imports, re-exports and dynamic imports of literal names, in order. */
export function importsOf(file: Source): Import[] {
  const found: Import[] = [];
  const add = (name: ts.Node | undefined, typeOnly: boolean): void => {
    if (name === undefined || !ts.isStringLiteralLike(name)) return;
    found.push({ specifier: name.text, line: lineAt(file, name.getStart(file.ast)), typeOnly });
  };
  walk(file, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
  });
  return found;
}

function isTypeImport({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = importClause.namedBindings;
  return (
    importClause.name === undefined && names !== undefined && ts.isNamedImports(names) && names.elements.every((one) => one.isTypeOnly)
  );
}

/** `yaml/x` → `yaml`, `@a/b/c` → `@a/b`; undefined for relative ones and for Node's own. */
function packageName(specifier: string): string | undefined {
  if (/^([./]|node:)/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Folders (ending in a slash) and files whose decisions run on any machine: the same input, the same output. */
const pure = [
  /^libs\/(base|types|machinery|cel)\/src\//,
  /^apiserver\/src\/fairness\/core\//,
  /^scheduler\/src\/(cycle|plugins)\//,
  /^kubelet\/src\/pod\//,
  /^kubelet\/src\/devices\/(amounts\/(inventory|holdings|choose|options|names)|claims\/(plan|book|health)|lister\/view)\.ts$/,
  /^kube-proxy\/src\/model\//,
  /^controller-manager\/src\/.*\/plan(-[^/]*)?\.ts$/,
  /^controller-manager\/src\/.*\/plan\//,
];
const pureImports = new Set(['@keelson/base', '@keelson/types', '@keelson/machinery', '@keelson/cel', 'yaml']);
/** Where the real clock and the real randomness enter. */
const realWorld = new Map([['libs/base/src/random.ts', 'node:crypto']]);

export const pureFolders = ban(
  'impure imports in pure folders',
  'take what it needs as an argument: plain data, or a Clock or Random of @keelson/base; what does the work belongs in the shell around it',
  ({ sources }) => {
    const byPath = new Map(sources.map((file) => [file.path, file]));
    return sources.filter(({ path }) => pure.some((one) => one.test(path)) && !isTest(path)).flatMap((file) => impureImports(file, byPath));
  },
);

/** What a file imports that is not pure, itself or through other files of its package. */
function impureImports(start: Source, byPath: ReadonlyMap<string, Source>): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const visit = (file: Source, firstLine: number): void => {
    if (seen.has(file.path)) return;
    seen.add(file.path);
    for (const { specifier, line, typeOnly } of importsOf(file)) {
      const at = file === start ? line : firstLine;
      if (specifier.startsWith('.')) {
        const next = byPath.get(posix.join(posix.dirname(file.path), specifier));
        if (next !== undefined && !typeOnly) visit(next, at);
      } else if (!isPure(file.path, specifier) && !(typeOnly && file !== start)) {
        const through = file === start ? '' : ` through ${file.path}`;
        findings.push({ path: start.path, line: at, what: `imports ${specifier}${through}` });
      }
    }
  };
  visit(start, 0);
  return findings;
}

function isPure(path: string, specifier: string): boolean {
  if (realWorld.get(path) === specifier) return true;
  const name = packageName(specifier);
  return name !== undefined && pureImports.has(name);
}

export const declaredImports = ban(
  'imports that the package.json does not declare',
  'add it to the dependencies of the package (tests: devDependencies), with the exact version the others use',
  (workspace) => workspace.sources.flatMap((file) => undeclared(file, workspace)),
);

function undeclared(file: Source, { manifests }: Workspace): Finding[] {
  const folder = [...manifests.keys()].filter((one) => file.path.startsWith(`${one}/`)).sort((a, b) => b.length - a.length)[0];
  const own = manifests.get(folder ?? '');
  const sourceOnly = folder !== undefined && file.path.startsWith(`${folder}/src/`) && !isTest(file.path);
  const declared = { ...own?.dependencies, ...(sourceOnly ? {} : { ...own?.devDependencies, ...manifests.get('')?.devDependencies }) };
  return importsOf(file).flatMap(({ specifier, line, typeOnly }) => {
    const name = packageName(specifier);
    if (name === undefined || name in declared || (typeOnly && `@types/${name}` in declared)) return [];
    // Files of no package, such as tools, reach every workspace.
    if (folder === undefined && name.startsWith('@keelson/')) return [];
    return [{ path: file.path, line, what: `imports ${name}` }];
  });
}
