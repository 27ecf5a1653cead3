// Compares what the package declares with what it has: every value that is exported, and every member of its classes.
// Started by tools/web-check with the folders of TypeScript and of the package.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [library, folder] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(library);
const file = `${folder}/index.d.ts`;
const program = ts.createProgram([file], { lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], module: ts.ModuleKind.ES2022 });
const checker = program.getTypeChecker();
const actual = await import(pathToFileURL(`${folder}/index.js`));

const faults = [];
const declared = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
  .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
  .filter((symbol) => symbol.flags & ts.SymbolFlags.Value);
const names = new Set(declared.map((symbol) => symbol.name));
for (const name of Object.keys(actual)) if (!names.has(name)) faults.push(`${name} is not declared`);
for (const symbol of declared) {
  const value = actual[symbol.name];
  if (value === undefined) {
    faults.push(`${symbol.name} is declared only`);
    continue;
  }
  if (!(symbol.flags & ts.SymbolFlags.Class)) continue;
  for (const [member, { flags }] of symbol.members) {
    const isMethod = flags & ts.SymbolFlags.Method;
    if (isMethod && typeof value.prototype[member] !== 'function') faults.push(`${symbol.name}.${member} is declared only`);
  }
  for (const member of Object.getOwnPropertyNames(value.prototype)) {
    // What other modules of the package call is not for its users.
    if (symbol.name === 'Transport' || member === 'constructor') continue;
    if (!symbol.members.has(member)) faults.push(`${symbol.name}.${member} is not declared`);
  }
}
if (declared.length < 20) faults.push('the declarations could not be read');
for (const fault of faults) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);
