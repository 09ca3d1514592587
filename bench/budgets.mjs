// What things may cost: the only place where `npm run gate` takes its budgets from. Each says why it is what it is. Counts are exact: one that
// falls is to be lowered here, in the commit that earned it; one that has to rise is to be raised in the commit whose message says why.

/**
 * Of one call of a script with n jobs, each figure as [for the call, for each job].
 *
 * @param {readonly [number, number]} commands in the script
 * @param {readonly [number, number]} sent arguments of these commands, keys included
 * @param {readonly [number, number]} answered values in their replies
 * @param {string} why
 */
const call = (commands, sent, answered, why) => ({ commands, sent, answered, why });

// prettier-ignore
export const scripts = {
  enqueue: call([10, 0], [16, 4], [10, 1], 'number, schema, clock, who listens and which ids exist are read; record and entry are written; the marker; the reply is kept'),
  'enqueue, in a queue that uses everything': call([11, 0], [17, 5], [10, 2], 'other jobs have results, failures, traits and ends of ttl, so that these are asked for, once a call'),
  'enqueue, while somebody listens': call([12, 0], [19, 4], [12, 1], 'who listens is looked up, and one message tells all'),
  'enqueue, with a bound of length': call([15, 0], [21, 4], [15, 1], 'five counts, of all jobs and of those that have started'),
  'enqueue, ids that exist': call([6, 0], [11, 1], [6, 1], 'nothing is written but the reply'),
  'enqueue, with a ttl': call([11, 1], [17, 9], [11, 2], 'each end of a ttl is a command of its own, since jobs with one are few'),
  schedule: call([12, 0], [22, 5], [11, 1], 'as enqueue, and the earliest delayed job before and after, for the marker'),
  'schedule, in a queue that uses everything': call([11, 0], [20, 6], [10, 2], 'the earliest delayed job is another one: no marker'),
  'schedule, while somebody listens': call([14, 0], [25, 5], [13, 1], 'who listens is looked up, and one message tells all'),
  'defer, a parent each': call([10, 0], [15, 9], [10, 1], 'edges and first checks of all children are one command each; no marker, since nothing is claimable'),
  depend: call([8, 0], [8, 9], [3, 5], 'reads the state of all parents in one go, then pins edges and parents'),
  claim: call([16, 0], [36, 3], [17, 2], 'lease, schema, pause and suspects are checked; one pop, one read of records, three commands into active; the reply is kept'),
  'claim, in a queue that uses everything': call([20, 0], [40, 7], [17, 6], 'other jobs have results, failures, traits and ends of ttl, so that these are asked for, once a call'),
  'claim, while somebody listens': call([18, 0], [39, 3], [19, 2], 'who listens is looked up, and one message tells all'),
  'claim, nothing waits': call([10, 0], [20, 0], [12, 0], 'what an idle worker pays a sweep; the earliest delayed job tells when to come again'),
  'claim, a void entry far behind': call([18, 0], [56, 4], [49, 4], 'entries and their tombstones are read a page at a time, 16 more than are wanted, then popped in one go'),
  'claim, jobs with a ttl': call([21, 0], [41, 8], [18, 6], 'ends are read and erased in two commands; traits, attempts and losses are looked at'),
  'claim, suspects': call([20, 0], [45, 8], [17, 6], 'as claim, from suspects'),
  reread: call([5, 0], [5, 5], [0, 5], 'large records of one claim, in one read a column'),
  renew: call([5, 0], [14, 0], [5, 0], 'one lease, whatever it holds'),
  'complete, forgotten': call([7, 0], [20, 3], [7, 1], 'tokens, active, held; the clock; two EXISTS in place of nine columns; one HDEL of records'),
  'complete, forgotten, in a queue that uses everything': call([17, 0], [34, 13], [16, 2], 'other jobs have results, failures, traits and ends of ttl, so that these are asked for, once a call'),
  'complete, forgotten, while somebody listens': call([9, 0], [23, 3], [9, 1], 'who listens is looked up, and one message tells all'),
  'complete, kept': call([7, 0], [16, 6], [7, 1], 'as forgotten, but the state and the outcomes are written'),
  'complete, kept, in a queue that uses everything': call([8, 0], [17, 7], [7, 2], 'other jobs have results, failures, traits and ends of ttl, so that these are asked for, once a call'),
  'complete, kept, while somebody listens': call([9, 0], [19, 6], [9, 1], 'who listens is looked up, and one message tells all'),
  'complete, kept for a while': call([8, 0], [17, 8], [8, 1], 'one more command for when they are due to be evicted'),
  'complete, parents': call([9, 1], [19, 10], [8, 3], 'a row in releasing for each parent, since there are few; one message that they ended'),
  fail: call([8, 1], [17, 10], [8, 2], 'each failure goes before the older ones of its job: a read for all, a write each'),
  'fail, in a queue that uses everything': call([9, 1], [18, 11], [8, 3], 'other jobs have results, failures, traits and ends of ttl, so that these are asked for, once a call'),
  'fail, while somebody listens': call([10, 1], [20, 10], [10, 2], 'who listens is looked up, and one message tells all'),
  'retry, with a delay': call([12, 1], [20, 10], [11, 2], 'as fail, and the earliest delayed job before and after, for the marker'),
  'retry, with a delay, in a queue that uses everything': call([11, 1], [18, 11], [10, 3], 'the earliest delayed job is another one: no marker; failures there are read'),
  'retry, with a delay, while somebody listens': call([14, 1], [23, 10], [13, 2], 'who listens is looked up, and one message tells all'),
  'retry, at once': call([10, 1], [14, 9], [10, 2], 'as fail, then one push'),
  delay: call([10, 0], [18, 4], [9, 1], 'leaves active, enters delayed, whatever the number of jobs'),
  handback: call([8, 0], [14, 3], [8, 1], 'one push to the head'),
  'handback, in a queue that uses everything': call([10, 0], [16, 5], [8, 3], 'other jobs were lost, and have traits, which tell the end of a ttl: both are asked for, once a call'),
  'handback, while somebody listens': call([10, 0], [17, 3], [10, 1], 'who listens is looked up, and one message tells all'),
  'stop, after cancel': call([6, 1], [15, 6], [6, 2], 'a member of stopping goes for each job'),
  'cancel, waiting': call([18, 9], [28, 26], [16, 12], 'one job at a time: users cancel few, and each may be anywhere'),
  'cancel, delayed': call([18, 6], [28, 19], [16, 9], 'as waiting, found in the first set'),
  'cancel, active': call([8, 7], [11, 20], [6, 10], 'a word behind the token, a member of stopping and a reason for each, and one message'),
  'remove, waiting': call([15, 5], [37, 14], [14, 7], 'looked for in four sets, then a tombstone; no list is searched'),
  'remove, delayed': call([15, 1], [37, 5], [14, 3], 'found in the first set'),
  'remove, completed': call([15, 2], [37, 7], [14, 4], 'found in the second set'),
  'requeue, failed': call([12, 2], [23, 8], [11, 4], 'each is looked for in completed and failed; then the history of all is erased at once'),
  drain: call([9, 0], [27, 1], [8, 1], 'number and clock; one pop, one HDEL, and a look at what else there is; the reply is kept'),
  progress: call([6, 0], [8, 3], [6, 1], 'one read of tokens, one write of values'),
  'release, a parent with n children': call([5, 0], [13, 0], [5, 1], 'a page of edges in one read'),
  'arrive, the last parent': call([6, 5], [6, 18], [6, 5], 'an edge off, an outcome kept, and a look for further edges, for each child'),
  doom: call([6, 8], [13, 28], [5, 10], 'edges, outcome, state and reason of each child; it ends with its parent, which is rare'),
  recheck: call([2, 2], [8, 10], [2, 4], 'the edges and the next check of each child, seldom: after 5 s, then ever more rarely'),
  promote: call([8, 0], [19, 2], [7, 1], 'one read, one push, one ZREM'),
  'promote, in a queue that uses everything': call([10, 0], [23, 3], [10, 2], 'as above, and which timer is told of the next job is noted, lest nobody has it'),
  'promote, while somebody listens': call([10, 0], [22, 2], [9, 1], 'who listens is looked up, and one message tells all'),
  evict: call([16, 0], [37, 10], [18, 1], 'four sets and all columns, one command each'),
  'evict, by a count': call([15, 0], [40, 6], [15, 2], 'the surplus is found by two counts and one range'),
  expire: call([15, 6], [28, 18], [14, 8], 'one job at a time: each may be waiting, delayed or deferred; a suspect, if there are any'),
  sweep: call([8, 0], [31, 0], [13, 0], 'what there is to do, by counts, when it was tidied, since when swept without a gap, and the fewest that were to be evicted; and whether a few that hold jobs have their leases'),
  exists: call([3, 0], [2, 1], [3, 1], 'the clock, whether there are traits, one read'),
  'inspect, waiting': call([1, 6], [4, 12], [1, 6], 'every set is asked for each job; who looks at one job has nothing to batch'),
  'inspect, waiting, in a queue that uses everything': call([1, 10], [4, 20], [1, 10], 'other jobs have results, failures, traits and ends of ttl, so that these are asked for, once a call'),
  'inspect, waiting, while somebody listens': call([1, 6], [4, 12], [1, 6], 'nothing happens, so nothing is told'),
  count: call([6, 0], [7, 0], [6, 0], 'a count a state'),
  'count, in a queue that uses everything': call([8, 0], [9, 0], [8, 0], 'other jobs have results, failures, traits and ends of ttl, so that these are asked for, once a call'),
  'count, while somebody listens': call([6, 0], [7, 0], [6, 0], 'nothing happens, so nothing is told'),
  'list, waiting': call([4, 0], [6, 0], [3, 1], 'one range, and whether there are tombstones'),
  'position, at the head': call([11, 0], [23, 0], [11, 0], 'a bounded LPOS and a bounded range'),
  oldest: call([10, 0], [17, 0], [10, 0], 'an entry at each end, and their records'),
};

/** Script calls, and commands in all of them, that the API makes. */
const made = (calls, commands, why) => ({ calls, commands, why });

export const api = {
  exact: {
    'add, one by one': made(50, 450, 'a call a job: who awaits each add can have no more'),
    'add, 1000 at once': made(4, 36, 'adds of one turn of the event loop share calls of 256'),
    'addBulk of 1000': made(4, 36, 'calls of 256'),
    'addBulk of 1000, delayed': made(
      4,
      41,
      'calls of 256; the first puts the marker, for it has the earliest',
    ),
    'worker, c = 1, 20 waves: claim': made(20, 300, 'one a wave'),
    'worker, c = 1, 20 waves: complete': made(20, 160, 'one a wave'),
    'worker, c = 10, 8 waves: claim': made(8, 120, 'one a wave'),
    'worker, c = 10, 8 waves: complete': made(8, 64, 'one a wave'),
    'worker, c = 100, 4 waves: claim': made(4, 60, 'one a wave'),
    'worker, c = 100, 4 waves: complete': made(4, 32, 'one a wave'),
    'worker, c = 10, 8 waves that fail: fail': made(8, 152, 'one a wave, a write for each failure'),
    "a worker's life beside its jobs": made(
      7,
      37,
      'open, sweep, two heartbeats, two renewals, close',
    ),
  },
  /** Script calls a job; twice and more what a machine gives that others use too. */
  bounds: {
    'worker, c = 1, handlers that do nothing: calls a job': {
      atMost: 0.25,
      why: 'claimed ahead, 0.03 to 0.07; without that it would be 2',
    },
    'worker, c = 10, handlers that do nothing: calls a job': {
      atMost: 0.12,
      why: 'claimed ahead, 0.02 to 0.03; without that it would be 0.2',
    },
    'worker, c = 100, handlers that do nothing: calls a job': {
      atMost: 0.05,
      why: '0.011 to 0.017; jobs that are taken a hundred at a time make it 0.02',
    },
  },
};

/** Bytes that all keys of a queue take a job, with the JSON of its data. */
export const memory = {
  /** Sorted sets draw their levels at random. */
  head: 1.02,
  /** Servers whose allocations these are; others may need less. */
  series: 'Redis 7.0',
  states: {
    'waiting, 63 B': { bytes: 161.1, why: 'a row of the record, an entry of the list' },
    'waiting, 300 B': { bytes: 449.1, why: 'the allocator rounds a record of 325 bytes up to 384' },
    'delayed, 63 B': { bytes: 267.4, why: 'a member of a sorted set in place of the entry' },
    'delayed, 300 B': { bytes: 539.4, why: 'as with 63 B' },
    'completed, 63 B': { bytes: 366.2, why: 'as delayed, and a row of its result' },
    'completed, 300 B': { bytes: 654.3, why: 'as with 63 B' },
  },
};

/** Adding and processing at once, c = 100, as a multiple of raw variadic commands without guards. */
export const floor = {
  jobsPerSecond: { atLeast: 0.3, why: '0.45 to 0.55; what is lost below 0.3 is not noise' },
  redisMicros: { atMost: 4.5, why: '2.6 to 3.6, the higher on a machine that others use' },
};

/** p99 of the time of a call with 100 jobs, as a multiple of that of a script which never changes. */
export const tail = {
  enqueue: {
    atMost: 3,
    why: 'writes as much as the reference, and reads whether ids exist: 0.9 to 1.3',
  },
  claim: { atMost: 3, why: 'as much as the reference: 0.8 to 1.2' },
  'complete, forgotten': {
    atMost: 3,
    why: 'a token each is compared, three commands erase: 0.9 to 1.4',
  },
  'complete, kept': { atMost: 3.5, why: 'as forgotten, and a sorted set is written: 1.2 to 1.6' },
  fail: { atMost: 7, why: 'a write for each failure: 2.5 to 3.7' },
  'retry, with a delay': { atMost: 7, why: 'as fail: 2.5 to 3.5' },
};

/** Time of a call among 100,000 jobs, as a multiple of that among 1,000. */
export const growth = {
  atMost: 2.5,
  why: '0.8 to 1.3 by the caches of the processor; whatever looks at all jobs takes 10 and more',
};
