// Runs once before all test files: finds or unpacks the server that they start, so that none of them waits for that.
import { findServer } from '../../src/testing/find-binary.js';

export async function setup(): Promise<void> {
  await findServer();
}
