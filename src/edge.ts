// An edge between a child and one of its parents, as both queues keep it; and what the end of a parent means to a child.
import type { ParentFailurePolicy, ParentId } from './job-options.js';
import { encodeReason } from './outcome.js';
import type { EdgeLines, EdgeText, FailureText, JobId, OutcomeLines } from './script.js';
import type { DependAnswer, FateWord } from './scripts.js';

export interface Edge {
  readonly childQueue: string;
  readonly child: JobId;
  readonly parentQueue: string;
  readonly parent: JobId;
  /** Drawn anew each time that the child begins to wait. */
  readonly nonce: string;
  readonly policy: ParentFailurePolicy;
}

/** Names and ids have no control characters, so a tab parts them. */
export function edgeText(edge: Edge): EdgeText {
  const { childQueue, child, parentQueue, parent, nonce, policy } = edge;
  return [childQueue, child, parentQueue, parent, nonce, policy].join('\t') as EdgeText;
}

/** The edges of a child, one for each parent. */
export function edgesTo(
  parents: readonly ParentId[],
  child: Omit<Edge, 'parentQueue' | 'parent'>,
): EdgeText[] {
  return parents.map(({ queue, id }) =>
    edgeText({ ...child, parentQueue: queue, parent: id as JobId }),
  );
}

/** Whether this is an edge, as `parseEdge` reads it. */
export function isEdge(text: EdgeText): boolean {
  return /^(?:[^\t]+\t){5}(?:fail|run|wait)$/.test(text);
}

export function parseEdge(text: EdgeText): Edge {
  const [childQueue, child, parentQueue, parent, nonce, policy] = text.split('\t') as [
    string,
    JobId,
    string,
    JobId,
    string,
    ParentFailurePolicy,
  ];
  return { childQueue, child, parentQueue, parent, nonce, policy };
}

/** Whether this is an edge of that parent. */
export function isEdgeOf(text: EdgeText, queue: string, id: JobId): boolean {
  if (!isEdge(text)) return false;
  const { parentQueue, parent } = parseEdge(text);
  return parentQueue === queue && parent === id;
}

/** The edges that `Standing` leaves open. */
export function openEdges({ edges }: Pick<Standing, 'edges'>): EdgeText[] {
  return edges === '' ? [] : (edges.split('\n') as EdgeText[]);
}

/** `accept`: the parent counts as done; `doom`: the child fails; `keep`: it goes on waiting. */
export type Verdict = 'accept' | 'doom' | 'keep';

/** What the end of a parent means to a child of this policy. */
export function verdict(fate: FateWord, policy: ParentFailurePolicy): Verdict {
  if (fate === 'completed' || fate === 'release') return 'accept';
  if (fate === 'cancel') return 'doom';
  if (policy === 'run') return 'accept';
  const comesBack = fate === 'failed' || fate === 'cancelled';
  return policy === 'wait' && comesBack ? 'keep' : 'doom';
}

const told: Record<FateWord, string> = {
  completed: 'completed',
  failed: 'failed',
  cancelled: 'was cancelled',
  cancel: 'was cancelled',
  release: 'was cancelled',
  removed: 'was removed',
  evicted: 'was evicted',
  unknown: 'is not stored',
};

/** Why a child fails that did not run. */
export function reasonOf(parent: ParentId, fate: FateWord): FailureText {
  return encodeReason(`parent ${parent.id} of queue ${parent.queue} ${told[fate]}`);
}

/** Most bytes of what a child keeps of its parents; beyond, their results are read from them. */
const mostKept = 65_536;

/** What a parent ended with, as the child keeps it. */
export interface Outcome extends ParentId {
  readonly fate: FateWord;
  /** Its outcome or newest failure; '' when it is to be read from there. */
  readonly text: string;
}

export function outcomeLines(outcomes: readonly Outcome[]): OutcomeLines | '' {
  let lines = '';
  for (const { queue, id, fate, text } of outcomes) {
    const fits = lines.length + text.length <= mostKept;
    lines += `${queue}\t${id}\t${fate}\t${fits ? text : ''}\n`;
  }
  return lines as OutcomeLines;
}

export function parseOutcomes(lines: string): Outcome[] {
  return lines.split('\n').flatMap((line) => {
    const [queue, id, fate, text = ''] = line.split('\t');
    return queue && id && fate ? [{ queue, id, fate: fate as FateWord, text }] : [];
  });
}

/** The parents that have ended, by their answers. */
export function endedOf(parents: readonly ParentId[], answers: readonly DependAnswer[]): Outcome[] {
  return parents.flatMap((parent, at) => {
    const { word, text } = answers[at] as DependAnswer;
    return word === 'pending' ? [] : [{ ...parent, fate: word, text }];
  });
}

/** The parent for whose end a child of this policy fails. */
export function fatalOf(
  ended: readonly Outcome[],
  policy: ParentFailurePolicy,
): Outcome | undefined {
  return ended.find(({ fate }) => verdict(fate, policy) === 'doom');
}

/** How a child stands by the answers of its parents: what waits, what it has heard, and why it fails at once, should it. */
export interface Standing {
  readonly edges: EdgeLines | '';
  readonly outcomes: OutcomeLines | '';
  readonly failure: FailureText | '';
}

/** `edges` and `answers` run beside the parents. */
export function standing(
  { parents, policy }: { parents: readonly ParentId[]; policy: ParentFailurePolicy },
  edges: readonly EdgeText[],
  answers: readonly DependAnswer[],
): Standing {
  const ended = endedOf(parents, answers);
  const fatal = fatalOf(ended, policy);
  const open = edges.filter((_, at) => answers[at]?.word === 'pending');
  return {
    edges: fatal ? '' : (open.join('\n') as EdgeLines),
    outcomes: outcomeLines(ended),
    failure: fatal ? reasonOf(fatal, fatal.fate) : '',
  };
}
