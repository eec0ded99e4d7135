/** Reads the `.d.ts` files of kubernetes-models: fields, required, enums, descriptions. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type Field, type GroupVersionKind, isStable, placeOf, type Shape, type TypeModel } from './model.ts';

const prefixes: readonly (readonly [string, string])[] = [
  ['IIoK8sApimachineryPkgApiResource', 'api.resource.'],
  ['IIoK8sApimachineryPkgUtilIntstr', 'util.intstr.'],
  ['IIoK8sApimachineryPkgRuntime', 'runtime.'],
  ['IIoK8sApimachineryPkgVersion', 'version.'],
  ['IIoK8sApimachineryPkgApis', ''],
  ['IIoK8sApiextensionsApiserverPkgApis', ''],
  ['IIoK8sKubeAggregatorPkgApis', ''],
  ['IIoK8sApi', ''],
];

/** `IIoK8sApiCoreV1Pod` is `core.v1.Pod`. */
export function typeNameOf(alias: string): string {
  const [prefix, replacement] = prefixes.find(([p]) => alias.startsWith(p)) ?? ['', ''];
  const rest = alias.slice(prefix.length);
  if (replacement !== '') return replacement + rest;
  const parts = /^([A-Z][a-z]+?)(V\d+(?:(?:alpha|beta)\d+)?)(\w+)$/.exec(rest);
  if (!parts) throw new Error(`no type name can be made of ${alias}`);
  return `${parts[1]?.toLowerCase()}.${parts[2]?.toLowerCase()}.${parts[3]}`;
}

export function readKubernetesModels(roots: readonly string[]): Map<string, TypeModel> {
  const found = new Map<string, TypeModel>();
  for (const file of roots.flatMap(declarationsBelow)) {
    const type = readFile(file);
    if (type) found.set(type.typeName, type);
  }
  return found;
}

/** The declaration files below a folder; folders of unstable versions are left out. */
function declarationsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const skip = /^(_schemas|node_modules|v\d+(alpha|beta)\d+)$/.test(entry.name);
      return skip ? [] : declarationsBelow(path);
    }
    return entry.name.endsWith('.d.ts') && entry.name !== 'index.d.ts' ? [path] : [];
  });
}

function readFile(path: string): TypeModel | undefined {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const alias = source.statements.flatMap(exportedAliases)[0];
  const declaration = source.statements.find((s) => ts.isInterfaceDeclaration(s) || ts.isTypeAliasDeclaration(s));
  if (alias === undefined || declaration === undefined) return undefined;
  const typeName = typeNameOf(alias.exported);
  if (!isStable(typeName)) return undefined;
  const members = ts.isInterfaceDeclaration(declaration) ? declaration.members.filter(ts.isPropertySignature) : [];
  const isKind = ts.isInterfaceDeclaration(declaration) && declaration.heritageClauses !== undefined;
  const names = (reference: string) => (reference === alias.local ? typeName : typeNameOf(reference));
  return {
    typeName,
    ...placeOf(typeName),
    description: docOf(declaration),
    gvk: isKind ? gvkOf(members) : undefined,
    fields: members.map((m) => readField(m, names, isKind)),
  };
}

function exportedAliases(statement: ts.Statement): { local: string; exported: string }[] {
  if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause)) return [];
  return statement.exportClause.elements
    .filter((e) => e.name.text.startsWith('IIoK8s'))
    .map((e) => ({ local: e.propertyName?.text ?? e.name.text, exported: e.name.text }));
}

function gvkOf(members: readonly ts.PropertySignature[]): GroupVersionKind {
  const literal = (name: string) => literalsOf(members.find((m) => nameOf(m) === name)?.type)[0] ?? '';
  const apiVersion = literal('apiVersion').split('/');
  return { group: apiVersion.length === 2 ? (apiVersion[0] ?? '') : '', version: apiVersion.at(-1) ?? '', kind: literal('kind') };
}

function readField(member: ts.PropertySignature, names: (reference: string) => string, ofKind: boolean): Field {
  const name = nameOf(member);
  const isTypeMeta = ofKind && (name === 'apiVersion' || name === 'kind');
  return {
    name,
    shape: shapeOf(member.type, names),
    required: member.questionToken === undefined && !isTypeMeta,
    description: docOf(member),
    values: isTypeMeta ? [] : literalsOf(member.type),
    format: '',
  };
}

function shapeOf(node: ts.TypeNode | undefined, names: (reference: string) => string): Shape {
  if (node === undefined) return { is: 'any' };
  if (node.kind === ts.SyntaxKind.BooleanKeyword) return { is: 'boolean' };
  if (node.kind === ts.SyntaxKind.NumberKeyword) return { is: 'number', format: '' };
  if (ts.isTypeReferenceNode(node)) {
    const reference = node.typeName.getText();
    if (reference === 'Array') return { is: 'list', of: shapeOf(node.typeArguments?.[0], names) };
    return { is: 'ref', to: names(reference) };
  }
  if (node.kind === ts.SyntaxKind.StringKeyword || literalsOf(node).length > 0) return { is: 'string' };
  const index = ts.isTypeLiteralNode(node) ? node.members.find(ts.isIndexSignatureDeclaration) : undefined;
  return index ? { is: 'map', of: shapeOf(index.type, names) } : { is: 'any' };
}

/** The string literals of a union, or of the items of a list of unions. */
function literalsOf(node: ts.TypeNode | undefined): string[] {
  if (node === undefined) return [];
  if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) return [node.literal.text];
  if (ts.isUnionTypeNode(node)) return node.types.flatMap(literalsOf);
  if (ts.isTypeReferenceNode(node) && node.typeName.getText() === 'Array') return literalsOf(node.typeArguments?.[0]);
  return [];
}

const nameOf = (member: ts.PropertySignature): string =>
  ts.isStringLiteral(member.name) || ts.isIdentifier(member.name) ? member.name.text : member.name.getText();

function docOf(node: ts.Node): string {
  const comment = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc)?.comment;
  return (ts.getTextOfJSDocComment(comment) ?? '').replaceAll('\\*', '*').trim();
}
