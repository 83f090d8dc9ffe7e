// Type-checks the projects whose tsconfig files are named, as `tsc --noEmit --project FILE` does, but
// reads each library once for all of them. SDK_ROOT is where the tools are installed.
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';

const ts = createRequire(`${process.env.SDK_ROOT}/`)('typescript');
const read = new Map();
let wrong = 0;

for (const file of process.argv.slice(2).map((path) => resolve(path))) {
  const { config, error } = ts.readConfigFile(file, ts.sys.readFile);
  const project = ts.parseJsonConfigFileContent(config ?? {}, ts.sys, dirname(file), { noEmit: true }, file);
  const host = ts.createCompilerHost(project.options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, options, ...rest) => {
    if (!name.includes('/node_modules/')) return getSourceFile(name, options, ...rest);
    const key = `${name} ${JSON.stringify(options)}`;
    if (!read.has(key)) read.set(key, getSourceFile(name, options, ...rest));
    return read.get(key);
  };
  const program = ts.createProgram({ rootNames: project.fileNames, options: project.options, host });
  const found = [...(error ? [error] : []), ...project.errors, ...ts.getPreEmitDiagnostics(program)];
  wrong += found.length;
  const own = program.getSourceFiles().filter((source) => !source.fileName.includes('/node_modules/'));
  console.log(`${file}: ${own.length} files, ${found.length} errors`);
  if (found.length > 0) console.log(ts.formatDiagnostics(found, host));
}
process.exitCode = wrong > 0 ? 1 : 0;
