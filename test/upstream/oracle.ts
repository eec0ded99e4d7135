import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program made of upstream's libraries that answers each line with one line (`libraries/lines`). */
export class Oracle {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #complaints = '';

  constructor(program: string, args: readonly string[] = []) {
    this.#child = spawn(program, [...args], { stdio: 'pipe' });
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#complaints += chunk.toString()));
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Asks all of `questions` and resolves to their answers, in order. @throws with what the program complained of when it ended before. */
  async ask(questions: readonly unknown[]): Promise<readonly unknown[]> {
    for (const question of questions) this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const answers: unknown[] = [];
    while (answers.length < questions.length) {
      const { value, done } = await this.#answers.next();
      if (done)
        throw new Error(`upstream's program ended at ${JSON.stringify(questions[answers.length])}: ${this.#complaints.slice(-2_000)}`);
      answers.push(JSON.parse(value) as unknown);
    }
    return answers;
  }

  close(): void {
    this.#child.stdin.end();
  }
}
