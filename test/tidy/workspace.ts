import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** One hand-written TypeScript file. */
export interface Source {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly ast: ts.SourceFile;
}

/** The part of a package.json that the rules read. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What the rules look at: plain data, so that a rule can be tried on a few lines of text. */
export interface Workspace {
  readonly sources: readonly Source[];
  /** Every folder but what git ignores, from the root, with slashes. */
  readonly folders: readonly string[];
  /** Folder of a package (`''` for the root) → its package.json. */
  readonly manifests: ReadonlyMap<string, Manifest>;
}

const notOurs = /^(node_modules|dist|generated|\..*)$/;
const generatedAndCommitted = 'kubelet/src/cri/grpc/codec/';

export function source(path: string, text: string): Source {
  return { path, text, ast: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
}

/** Reads the repository under `root`. */
export function readWorkspace(root: string): Workspace {
  const sources: Source[] = [];
  const folders: string[] = [];
  const manifests = new Map<string, Manifest>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (notOurs.test(entry.name) || path.startsWith(generatedAndCommitted)) continue;
      if (entry.isDirectory()) {
        folders.push(path);
        visit(path);
      } else if (entry.name === 'package.json') manifests.set(folder, JSON.parse(readFileSync(join(root, path), 'utf8')));
      else if (entry.name.endsWith('.ts')) sources.push(source(path, readFileSync(join(root, path), 'utf8')));
    }
  };
  visit('');
  return { sources, folders, manifests };
}

/** Tests, and what only tests and measurements run: it may use devDependencies, and its functions may be as long as its scenarios. */
export function isTest(path: string): boolean {
  return (
    /\.(test|inside)\.ts$|(^|\/)(conformance|testdata|bench)\/|\/(testdata|testpod|scripted-server)\.ts$/.test(path) ||
    /^(test|libs\/testing)\//.test(path)
  );
}

/** Line number, from 1, of a position. */
export function lineAt({ ast }: Source, position: number): number {
  return ast.getLineAndCharacterOfPosition(position).line + 1;
}

/** Calls `visitor` with every node of the file, outer before inner. */
export function walk({ ast }: Source, visitor: (node: ts.Node) => void): void {
  const visit = (node: ts.Node): void => {
    visitor(node);
    ts.forEachChild(node, visit);
  };
  visit(ast);
}
