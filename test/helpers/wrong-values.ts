// Values that options of a kind refuse, and how the refusal goes on behind the name of the option.

export const noNumbers: [unknown, RegExp][] = [
  [Number.NaN, /whole number .*got NaN/],
  [Number.POSITIVE_INFINITY, /whole number .*got Infinity/],
  [-1, /whole number .*got -1/],
  [1.5, /whole number .*got 1.5/],
  [2 ** 53, /whole number .*got 9007199254740992/],
  ['5', /expected a number, got "5"/],
  [null, /expected a number, got null/],
  [{}, /expected a number, got an object/],
  [5n, /expected a number, got 5/],
];

export const noBooleans: [unknown, RegExp][] = [
  ['true', /expected true or false, got "true"/],
  [1, /expected true or false, got 1/],
  [null, /expected true or false, got null/],
];
