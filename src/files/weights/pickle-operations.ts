import type { PickleMachine, PickleOperation } from "./pickle-machine.ts";
import type { PickleReader } from "./pickle-reader.ts";

// Approximate bytes of each kind of value, accounted for because a pickle of a few bytes can stand for gigabytes.
const small = 80;
const table = 320;

const text = (m: PickleMachine, value: string): void => m.push(value, small + 2 * value.length);
const bytes = (m: PickleMachine, value: Uint8Array): void => m.push(value, 120);
// Long integers take time rather than memory.
const long = (m: PickleMachine, r: PickleReader, size: number): void =>
  m.push(r.long(size), size > 8 ? 6000 : small);

function refuse(what: string): PickleOperation {
  return (_, r) => {
    throw r.damaged(`uses ${what}, which tensors and plain data do not need`);
  };
}

// prettier-ignore
const known: readonly (readonly [code: number, operation: PickleOperation])[] = [
  [0x80, (_, r) => { // PROTO
    const version = r.byte();
    if (version > 5) throw r.damaged(`protocol ${version}, but only 0 to 5 are read`);
  }],
  [0x95, (_, r) => void r.length64()], // FRAME
  [0x28, (m) => m.mark()], // MARK
  [0x31, (m) => void m.sinceMark()], // POP_MARK
  [0x30, (m) => m.drop()], // POP
  [0x32, (m) => m.push(m.top)], // DUP
  [0x70, (m, r) => m.store(r.decimal())], // PUT
  [0x71, (m, r) => m.store(r.byte())], // BINPUT
  [0x72, (m, r) => m.store(r.uint32())], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE
  [0x67, (m, r) => m.fetch(r.decimal())], // GET
  [0x68, (m, r) => m.fetch(r.byte())], // BINGET
  [0x6a, (m, r) => m.fetch(r.uint32())], // LONG_BINGET
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x49, (m, r) => { // INT, and the booleans of protocol 0
    const start = r.position;
    const line = r.line();
    if (line === "00" || line === "01") return m.push(line === "01");
    r.position = start;
    m.push(r.decimal(), small);
  }],
  [0x4c, (m, r) => m.push(r.decimal(), small)], // LONG
  [0x4a, (m, r) => m.push(r.int32(), 24)], // BININT
  [0x4b, (m, r) => m.push(r.byte())], // BININT1
  [0x4d, (m, r) => m.push(r.uint16())], // BININT2
  [0x8a, (m, r) => long(m, r, r.byte())], // LONG1
  [0x8b, (m, r) => long(m, r, r.uint32())], // LONG4
  [0x46, (m, r) => m.push(r.decimalFloat(), 24)], // FLOAT
  [0x47, (m, r) => m.push(r.float64(), 24)], // BINFLOAT
  [0x53, (m, r) => text(m, r.quoted())], // STRING
  [0x54, (m, r) => text(m, r.latin1(r.uint32()))], // BINSTRING
  [0x55, (m, r) => text(m, r.latin1(r.byte()))], // SHORT_BINSTRING
  [0x56, (m, r) => text(m, r.rawUnicode())], // UNICODE
  [0x58, (m, r) => text(m, r.utf8(r.uint32()))], // BINUNICODE
  [0x8c, (m, r) => text(m, r.utf8(r.byte()))], // SHORT_BINUNICODE
  [0x8d, (m, r) => text(m, r.utf8(r.length64()))], // BINUNICODE8
  [0x42, (m, r) => bytes(m, r.subarray(r.uint32()))], // BINBYTES
  [0x43, (m, r) => bytes(m, r.subarray(r.byte()))], // SHORT_BINBYTES
  [0x8e, (m, r) => bytes(m, r.subarray(r.length64()))], // BINBYTES8
  [0x96, (m, r) => bytes(m, r.subarray(r.length64()))], // BYTEARRAY8
  [0x29, (m) => m.push([], small)], // EMPTY_TUPLE
  [0x74, (m) => m.push(m.sinceMark(), small)], // TUPLE
  [0x85, (m) => m.push(m.last(1), small)], // TUPLE1
  [0x86, (m) => m.push(m.last(2), small)], // TUPLE2
  [0x87, (m) => m.push(m.last(3), small)], // TUPLE3
  [0x5d, (m) => m.push([], small)], // EMPTY_LIST
  [0x6c, (m) => m.push(m.sinceMark(), small)], // LIST
  [0x61, (m) => m.append([m.pop()])], // APPEND
  [0x65, (m) => m.append(m.sinceMark())], // APPENDS
  [0x7d, (m) => m.push(new Map(), table)], // EMPTY_DICT
  [0x64, (m) => { // DICT
    const items = m.sinceMark();
    m.push(new Map(), table);
    m.setItems(items);
  }],
  [0x73, (m) => m.setItems(m.last(2))], // SETITEM
  [0x75, (m) => m.setItems(m.sinceMark())], // SETITEMS
  [0x8f, (m) => m.push(new Set(), table)], // EMPTY_SET
  [0x90, (m) => m.add(m.sinceMark())], // ADDITEMS
  [0x91, (m) => { // FROZENSET
    const items = m.sinceMark();
    m.push(new Set(), table);
    m.add(items);
  }],
  [0x63, (m, r) => m.global(r.line(), r.line())], // GLOBAL
  [0x93, (m) => m.global(...(m.last(2) as [unknown, unknown]))], // STACK_GLOBAL
  [0x52, (m) => m.call(...(m.last(2) as [unknown, unknown]))], // REDUCE
  [0x81, (m) => m.call(...(m.last(2) as [unknown, unknown]))], // NEWOBJ
  [0x92, (m) => { // NEWOBJ_EX
    m.noArguments(m.pop());
    m.call(...(m.last(2) as [unknown, unknown]));
  }],
  [0x69, (m, r) => { // INST
    m.global(r.line(), r.line());
    const target = m.pop();
    m.call(target, m.sinceMark());
  }],
  [0x6f, (m) => { // OBJ
    const [target, ...args] = m.sinceMark();
    m.call(target, args);
  }],
  [0x62, (m) => m.build()], // BUILD
  [0x50, (m, r) => m.persistent(r.line())], // PERSID
  [0x51, (m) => m.persistent(m.pop())], // BINPERSID
  [0x82, refuse("an extension code")], // EXT1
  [0x83, refuse("an extension code")], // EXT2
  [0x84, refuse("an extension code")], // EXT4
  [0x97, refuse("a buffer outside the pickle")], // NEXT_BUFFER
  [0x98, () => undefined], // READONLY_BUFFER
];

const operations: (PickleOperation | undefined)[] = Array.from({ length: 256 });
for (const [code, operation] of known) operations[code] = operation;
/** The operations of protocols 0 to 5 by their code; undefined where there is none. */
export const pickleOperations: readonly (PickleOperation | undefined)[] = operations;
