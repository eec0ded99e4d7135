import type { Shell } from '../types.ts';
import type { TerminalSize } from './remote-command.ts';

interface TerminalInput {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  pause?(): unknown;
}

interface TerminalOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  on?(event: 'resize', listener: () => void): unknown;
}

/** A terminal that hands every key to the other side until it is restored. */
export interface RawTerminal {
  readonly onResize: (send: (size: TerminalSize) => void) => void;
  restore(): void;
}

/** Whether keys can be read from the shell's input one by one. */
export function isTerminal(shell: Shell): boolean {
  return (shell.stdin as TerminalInput).isTTY === true;
}

/** Puts the shell's terminal into raw mode. */
export function rawTerminal(shell: Shell): RawTerminal {
  const input = shell.stdin as TerminalInput;
  const output = shell.stdout as TerminalOutput;
  input.setRawMode?.(true);
  return {
    onResize: (send) => {
      const tell = (): void => {
        if (output.columns && output.rows) send({ width: output.columns, height: output.rows });
      };
      tell();
      output.on?.('resize', tell);
    },
    restore: () => {
      input.setRawMode?.(false);
      input.pause?.();
    },
  };
}
