import { evaluate } from './evaluate.ts';
import { templateFunctions } from './functions.ts';
import { parseTemplate } from './parser.ts';
import type { Value } from './value.ts';

const functionNames: ReadonlySet<string> = new Set(Object.keys(templateFunctions));

/**
 * A Go text/template over decoded JSON, with Go's functions and kubectl's `exists` and `base64decode`.
 * @throws Error in Go's words for a template that cannot be read; the answered function throws TemplateError.
 */
export function compileTemplate(name: string, text: string): (data: unknown, options?: { readonly strict?: boolean }) => string {
  const templates = parseTemplate(name, text, functionNames);
  return (data, { strict = false } = {}) => evaluate({ name, text, templates, strict }, data as Value);
}
