// What kernel_info_reply says about Cenote and its language.

/** Content of kernel_info_reply. */
export function kernelInfo(protocolVersion: string): object {
  return {
    status: "ok",
    protocol_version: protocolVersion,
    implementation: "cenote",
    implementation_version: "0.1.0",
    language_info: {
      name: "typescript",
      version: process.versions.node,
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: "typescript",
      nbconvert_exporter: "script",
    },
    banner: `Cenote 0.1.0: TypeScript on Node ${process.versions.node}`,
    help_links: [
      { text: "TypeScript handbook", url: "https://www.typescriptlang.org/docs/handbook/" },
      { text: "Node.js", url: "https://nodejs.org/docs/latest/api/" },
    ],
    debugger: false,
    supported_features: ["iopub_welcome"],
  };
}
