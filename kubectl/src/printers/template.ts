import { goJson, inOrder } from '@keelson/machinery';
import { TemplateError } from '../template/evaluate.ts';
import { compileTemplate } from '../template/template.ts';
import { type Value, valueText } from '../template/value.ts';
import type { AnyObject } from '../types.ts';

/** Something failed to print, after it had printed a part. */
export class PrintError extends Error {
  readonly printed: string;

  constructor(message: string, printed: string) {
    super(message);
    this.name = 'PrintError';
    this.printed = printed;
  }
}

/** The printer of `-o go-template`. What fails tells, as kubectl does, all there is to find the mistake by. */
export function templatePrinter(template: string, allowMissingKeys: boolean): (object: AnyObject) => string {
  if (template === '') throw new Error('template format specified but no template given');
  const fill = compile(template);
  return (object) => {
    try {
      return fill(object, { strict: !allowMissingKeys });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new PrintError(
        `error executing template ${JSON.stringify(template)}: ${error.message}`,
        error.printed + explanation(template, object, error.message),
      );
    }
  };
}

function compile(template: string): ReturnType<typeof compileTemplate> {
  try {
    return compileTemplate('output', template);
  } catch (error) {
    throw new Error(`error parsing template ${template}, ${(error as Error).message}`);
  }
}

function explanation(template: string, object: AnyObject, message: string): string {
  const head = `Error executing template: ${message}. Printing more information for debugging the template:\n`;
  const data = object as unknown as Value;
  return `${head}\ttemplate was:\n\t\t${template}\n\traw data was:\n\t\t${goJson(inOrder(object))}\n\tobject given to template engine was:\n\t\t${valueText(data)}\n\n`;
}
