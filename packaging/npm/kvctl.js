#!/usr/bin/env node
// Starts the program for this machine, which npm installed as an optional dependency.
"use strict";

const { optionalDependencies } = require("../package.json");

/** Returns the path of the program. */
function find() {
  const name = `@kvctl/${process.platform}-${process.arch}`;
  const program = process.platform === "win32" ? "kvctl.exe" : "kvctl";
  try {
    return require.resolve(`${name}/bin/${program}`);
  } catch {
    if (name in optionalDependencies) {
      return refuse(`the optional package ${name} is not installed; install kvctl again, without --omit=optional and --no-optional, \
and without a node_modules of another machine`);
    }
    const known = Object.keys(optionalDependencies).map((name) => name.slice("@kvctl/".length));
    return refuse(`there is no program for ${process.platform}-${process.arch}, only for ${known.join(", ")}; \
with Rust, \`cargo install kvctl --locked\` builds it`);
  }
}

function refuse(message) {
  console.error(`kvctl: ${message}`);
  process.exit(1);
}

/** Runs the program, and ends as it does. */
function start(program) {
  const child = require("node:child_process").spawn(program, process.argv.slice(2), { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", ...(process.platform === "win32" ? ["SIGBREAK"] : ["SIGQUIT"])];
  // What is typed at a terminal reaches the program as well, and twice would be once too often. On
  // Windows all of these come from the console, and `kill` would end the program at once.
  const typed = process.platform === "win32" || [0, 1, 2].some((stream) => require("node:tty").isatty(stream));
  for (const signal of signals) {
    process.on(signal, () => {
      if (!(typed && signal !== "SIGTERM")) child.kill(signal);
    });
  }
  child.on("error", (error) => refuse(`cannot start ${program}: ${error.message}`));
  child.on("exit", (code, signal) => {
    for (const name of signals) process.removeAllListeners(name);
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code;
  });
}

const program = find();
// In place of this process, where Node can (22.15 and newer, not on Windows): nothing is in between then.
if (process.execve && process.platform !== "win32") {
  process.execve(program, [program, ...process.argv.slice(2)], process.env);
}
start(program);
