/** Where a node begins: an offset into the template's text. */
interface Placed {
  readonly at: number;
}

export type Operand =
  | (Placed & { readonly kind: 'dot' | 'nil' })
  | (Placed & { readonly kind: 'bool'; readonly value: boolean })
  /** A constant with a point or an exponent is a float even when it is whole. */
  | (Placed & { readonly kind: 'number'; readonly value: number; readonly float: boolean; readonly text: string })
  | (Placed & { readonly kind: 'string'; readonly value: string; readonly text: string })
  | (Placed & { readonly kind: 'field'; readonly path: readonly string[] })
  /** `$x.a.b`: the path begins with the name, `$` included. */
  | (Placed & { readonly kind: 'variable'; readonly path: readonly string[] })
  | (Placed & { readonly kind: 'function'; readonly name: string })
  | (Placed & { readonly kind: 'chain'; readonly of: Operand; readonly path: readonly string[] })
  | Pipeline;

export interface Command extends Placed {
  readonly kind: 'command';
  readonly words: readonly Operand[];
}

export interface Pipeline extends Placed {
  readonly kind: 'pipeline';
  /** Variables declared, or assigned where `assigns`. */
  readonly variables: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export type Statement =
  | (Placed & { readonly kind: 'text'; readonly text: string })
  | (Placed & { readonly kind: 'action'; readonly pipeline: Pipeline })
  | (Placed & { readonly kind: 'break' | 'continue' })
  | (Placed & { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined })
  | Branch;

export interface Branch extends Placed {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipeline: Pipeline;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
}

/** What error messages can point at. */
export type Located = Operand | Command | Extract<Statement, { kind: 'template' }>;

/** A node as it would be written, as error messages quote it. */
export function nodeText(node: Located): string {
  switch (node.kind) {
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'number':
    case 'string':
      return node.text;
    case 'field':
      return `.${node.path.join('.')}`;
    case 'variable':
      return node.path.join('.');
    case 'function':
      return node.name;
    case 'chain':
      return `${wordText(node.of)}.${node.path.join('.')}`;
    case 'command':
      return node.words.map(wordText).join(' ');
    case 'pipeline':
      return pipelineText(node);
    case 'template':
      return `{{template ${JSON.stringify(node.name)}${node.pipeline ? ` ${pipelineText(node.pipeline)}` : ''}}}`;
  }
}

function wordText(node: Operand): string {
  return node.kind === 'pipeline' ? `(${pipelineText(node)})` : nodeText(node);
}

function pipelineText({ variables, assigns, commands }: Pipeline): string {
  const head = variables.length === 0 ? '' : `${variables.join(', ')} ${assigns ? '=' : ':='} `;
  return head + commands.map(nodeText).join(' | ');
}
