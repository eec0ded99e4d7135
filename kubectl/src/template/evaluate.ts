import { anyType, boxed, type TemplateFunction, type Typed, templateFunctions, typed } from './functions.ts';
import { type Branch, type Command, type Located, nodeText, type Operand, type Pipeline, type Statement } from './nodes.ts';
import type { Templates } from './parser.ts';
import { entriesOf, Float, isTrue, kindOf, numeric, typeName, type Value, type ValueMap, valueText } from './value.ts';

export interface Source {
  readonly name: string;
  readonly text: string;
  readonly templates: Templates;
  /** Fields that are not there are errors, instead of `<no value>`. */
  readonly strict: boolean;
}

/** A template that failed, with what it had printed until then. */
export class TemplateError extends Error {
  readonly printed: string;

  constructor(message: string, printed: string) {
    super(message);
    this.name = 'TemplateError';
    this.printed = printed;
  }
}

/** Templates that call themselves without end are stopped here; Go's own bound is beyond this stack. */
const deepest = 500;

const missing: Typed = typed(undefined);

/** Fills a template in. @throws TemplateError in Go's words. */
export function evaluate(source: Source, data: Value): string {
  const state = { output: [], source, at: undefined } satisfies Shared;
  const root = { value: data, type: typeName(data) };
  new Evaluator(state, source.name, root, 0).run(source.templates.get(source.name) ?? []);
  return state.output.join('');
}

/** What templates that call each other have in common. */
interface Shared {
  readonly source: Source;
  readonly output: string[];
  /** What is being evaluated, for error messages. */
  at: Located | undefined;
}

type Jump = 'break' | 'continue' | undefined;

class Evaluator {
  readonly #shared: Shared;
  readonly #template: string;
  readonly #root: Typed;
  readonly #depth: number;
  readonly #variables: { readonly name: string; held: Typed }[];

  constructor(shared: Shared, template: string, root: Typed, depth: number) {
    this.#shared = shared;
    this.#template = template;
    this.#root = root;
    this.#depth = depth;
    this.#variables = [{ name: '$', held: root }];
  }

  run(statements: readonly Statement[]): void {
    this.#walk(statements, this.#root);
  }

  #fail(message: string): Error {
    const { source, output, at } = this.#shared;
    const before = source.text.slice(0, at?.at ?? 0).split('\n');
    const place = `${before.length}:${new TextEncoder().encode(before.at(-1)).length}`;
    const head = `template: ${source.name}:${place}: executing ${JSON.stringify(this.#template)} at <${at ? nodeText(at) : ''}>`;
    return new TemplateError(`${head}: ${message}`, output.join(''));
  }

  #walk(statements: readonly Statement[], dot: Typed): Jump {
    for (const statement of statements) {
      const jump = this.#statement(statement, dot);
      if (jump) return jump;
    }
    return undefined;
  }

  #statement(statement: Statement, dot: Typed): Jump {
    const { output } = this.#shared;
    switch (statement.kind) {
      case 'text':
        output.push(statement.text);
        return undefined;
      case 'action': {
        const { value } = this.#pipeline(statement.pipeline, dot);
        if (statement.pipeline.variables.length === 0) output.push(value === undefined ? '<no value>' : valueText(value));
        return undefined;
      }
      case 'break':
      case 'continue':
        return statement.kind;
      case 'template':
        this.#invoke(statement, dot);
        return undefined;
      default:
        return this.#branch(statement, dot);
    }
  }

  #invoke(statement: Extract<Statement, { kind: 'template' }>, dot: Typed): void {
    this.#shared.at = statement;
    const statements = this.#shared.source.templates.get(statement.name);
    if (!statements) throw this.#fail(`template ${JSON.stringify(statement.name)} not defined`);
    if (this.#depth === deepest) throw this.#fail(`exceeded maximum template depth (${deepest})`);
    const argument = statement.pipeline ? this.#pipeline(statement.pipeline, dot) : missing;
    new Evaluator(this.#shared, statement.name, argument, this.#depth + 1).run(statements);
  }

  /** Variables declared in a branch are gone after it. */
  #branch(branch: Branch, dot: Typed): Jump {
    const seen = this.#variables.length;
    const value = this.#pipeline(branch.pipeline, dot);
    const jump = branch.kind === 'range' ? this.#range(branch, value, dot) : this.#choose(branch, value, dot);
    this.#variables.length = seen;
    return jump;
  }

  #choose({ kind, body, otherwise }: Branch, value: Typed, dot: Typed): Jump {
    if (!isTrue(value.value)) return this.#walk(otherwise, dot);
    return this.#walk(body, kind === 'with' ? value : dot);
  }

  #range(branch: Branch, over: Typed, dot: Typed): Jump {
    const rounds = this.#rounds(branch, over.value);
    if (rounds.length === 0) return this.#walk(branch.otherwise, dot);
    const { variables, assigns } = branch.pipeline;
    const mark = this.#variables.length;
    for (const [index, element] of rounds) {
      const values = variables.length > 1 ? [index, element] : [element];
      for (const [i, name] of variables.entries()) {
        const variable = assigns ? this.#variable(name) : this.#variables[mark - variables.length + i];
        if (variable) variable.held = values[i] ?? missing;
      }
      const jump = this.#walk(branch.body, element);
      this.#variables.length = mark;
      if (jump === 'break') break;
    }
    return undefined;
  }

  #rounds({ pipeline }: Branch, over: Value): [Typed, Typed][] {
    switch (kindOf(over)) {
      case 'missing':
      case 'nil':
        return [];
      case 'list':
        return (over as readonly Value[]).map((element, i) => [typed(i), boxed(element)]);
      case 'map':
        return entriesOf(over as ValueMap).map(([key, element]) => [typed(key), boxed(element)]);
      case 'int':
        if (pipeline.variables.length > 1) throw this.#fail(`can't use ${valueText(over)} to iterate over more than one variable`);
        return Array.from({ length: Math.max(numeric(over), 0) }, (_, i) => [typed(i), typed(i)]);
      default:
        throw this.#fail(`range can't iterate over ${valueText(over)}`);
    }
  }

  #variable(name: string): { held: Typed } {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (!found) throw this.#fail(`undefined variable: ${name}`);
    return found;
  }

  /** The value of a pipeline is never boxed: what a map holds comes out as itself, its null as nothing. */
  #pipeline(pipeline: Pipeline, dot: Typed): Typed {
    this.#shared.at = pipeline;
    let value: Typed | undefined;
    for (const command of pipeline.commands) value = unboxed(this.#command(command, dot, value));
    const result = value ?? missing;
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.#variable(name).held = result;
      else this.#variables.push({ name, held: result });
    }
    return result;
  }

  /** @param final what the command before in the pipeline answered. */
  #command(command: Command, dot: Typed, final: Typed | undefined): Typed {
    const [first] = command.words;
    if (first?.kind === 'function') return this.#call(command, first.name, dot, final);
    if (!first) return missing;
    const extra = command.words.length > 1 || final !== undefined;
    if (first.kind === 'field' || first.kind === 'chain' || (first.kind === 'variable' && first.path.length > 1)) {
      return this.#path(first, dot, extra);
    }
    if (first.kind !== 'pipeline' && first.kind !== 'variable') this.#shared.at = first;
    if (extra) throw this.#fail(`can't give argument to non-function ${nodeText(first)}`);
    if (first.kind === 'nil') throw this.#fail('nil is not a command');
    return this.#operand(first, dot);
  }

  #operand(node: Operand, dot: Typed): Typed {
    if (node.kind !== 'pipeline') this.#shared.at = node;
    switch (node.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return missing;
      case 'bool':
      case 'string':
        return typed(node.value);
      case 'number':
        return typed(node.float ? new Float(node.value) : node.value);
      case 'pipeline':
        return this.#pipeline(node, dot);
      case 'function':
        return this.#call({ kind: 'command', at: node.at, words: [node] }, node.name, dot, undefined);
      case 'variable':
        return node.path.length === 1 ? this.#variable(node.path[0] ?? '').held : this.#path(node, dot, false);
      default:
        return this.#path(node, dot, false);
    }
  }

  #path(node: Extract<Operand, { kind: 'field' | 'variable' | 'chain' }>, dot: Typed, hasArguments: boolean): Typed {
    this.#shared.at = node;
    let value = dot;
    if (node.kind === 'variable') value = this.#variable(node.path[0] ?? '').held;
    if (node.kind === 'chain') value = this.#operand(node.of, dot);
    const fields = node.kind === 'variable' ? node.path.slice(1) : node.path;
    for (const [i, field] of fields.entries()) value = this.#field(value, field, hasArguments && i === fields.length - 1);
    return value;
  }

  #field({ value, type }: Typed, field: string, hasArguments: boolean): Typed {
    const { strict } = this.#shared.source;
    if (value === undefined) {
      if (strict) throw this.#fail(`nil data; no entry for key ${JSON.stringify(field)}`);
      return missing;
    }
    if (value === null) throw this.#fail(`nil pointer evaluating ${type}.${field}`);
    if (kindOf(value) !== 'map') throw this.#fail(`can't evaluate field ${field} in type ${type}`);
    if (hasArguments) throw this.#fail(`${field} is not a method but has arguments`);
    if (Object.hasOwn(value as ValueMap, field)) return boxed((value as ValueMap)[field]);
    if (strict) throw this.#fail(`map has no entry for key ${JSON.stringify(field)}`);
    return missing;
  }

  #call(command: Command, name: string, dot: Typed, final: Typed | undefined): Typed {
    this.#shared.at = command.words[0];
    const called = templateFunctions[name];
    if (!called) throw this.#fail(`${JSON.stringify(name)} is not a defined function`);
    const words = command.words.slice(1);
    this.#requireCount(name, called, words.length + (final ? 1 : 0));
    const args: Typed[] = [];
    for (const word of words) {
      const argument = this.#argument(word, dot, args.length < (called.strings ?? 0));
      args.push(argument);
      if (called.stopsAt !== undefined && isTrue(argument.value) === called.stopsAt) return argument;
    }
    if (final) args.push(args.length < (called.strings ?? 0) ? this.#asString(final) : final);
    try {
      return called.call(args, words.map(nodeText));
    } catch (error) {
      this.#shared.at = command;
      throw this.#fail(`error calling ${name}: ${(error as Error).message}`);
    }
  }

  #requireCount(name: string, { least, more }: TemplateFunction, count: number): void {
    if (count < least) throw this.#fail(`wrong number of args for ${name}: want ${more ? 'at least ' : ''}${least} got ${count}`);
    if (count > least && !more) throw this.#fail(`wrong number of args for ${name}: want ${least} got ${count}`);
  }

  #argument(word: Operand, dot: Typed, string: boolean): Typed {
    const value = this.#operand(word, dot);
    if (!string) return value;
    if (word.kind === 'number' || word.kind === 'bool') throw this.#fail(`expected string; found ${nodeText(word)}`);
    if (word.kind === 'nil') throw this.#fail('cannot assign nil to string');
    return this.#asString(value);
  }

  #asString(given: Typed): Typed {
    if (typeof given.value === 'string') return given;
    if (given.value === undefined) throw this.#fail('invalid value; expected string');
    const type = given.value === null ? given.type : unboxed(given).type;
    throw this.#fail(`wrong type for value; expected string; got ${type}`);
  }
}

function unboxed({ value, type }: Typed): Typed {
  if (type !== anyType) return { value, type };
  return value === null ? missing : { value, type: typeName(value) };
}
