import { expect, test, vi } from 'vitest';
import { SafeEmitter } from '../../src/events.js';

class Emitter extends SafeEmitter<{ told: [text: string]; error: [error: Error] }> {
  tell(text: string): void {
    this.emit('told', text);
  }

  fail(error: unknown): void {
    this.report(error);
  }
}

test('every listener is called, whatever the others throw', () => {
  const emitter = new Emitter();
  const heard: string[] = [];
  const errors: string[] = [];
  emitter.on('error', (error) => void errors.push(error.message));
  emitter.on('told', () => {
    throw new Error('first');
  });
  emitter.on('told', (text) => void heard.push(text));
  emitter.once('told', () => void heard.push('once'));
  emitter.tell('a');
  emitter.tell('b');
  expect(heard).toEqual(['a', 'once', 'b']);
  expect(errors).toEqual(['first', 'first']);
});

test('what a listener rejects with is an error; what it returns is its own', async () => {
  const emitter = new Emitter();
  const errors: string[] = [];
  emitter.on('error', (error) => void errors.push(error.message));
  emitter.on('told', () => Promise.reject(new Error('later')));
  emitter.on('told', () => null);
  emitter.tell('a');
  await Promise.resolve();
  expect(errors).toEqual(['later']);
});

const listener = (): never => {
  throw new Error('of the listener');
};

test('an error without a listener, and what its listeners throw, is logged', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const emitter = new Emitter();
  emitter.fail(new Error('unheard'));
  emitter.on('error', listener);
  emitter.fail(new Error('heard'));
  emitter.off('error', listener);
  emitter.on('error', () => Promise.reject(new Error('late')));
  emitter.fail('text');
  await Promise.resolve();
  const messages = log.mock.calls.map(([error]) => (error as Error).message);
  log.mockRestore();
  expect(messages).toEqual(['unheard', 'of the listener', 'late']);
});
