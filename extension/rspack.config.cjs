// Lets the labextension builder read the TypeScript sources themselves: types are stripped file by file,
// `npm run typecheck` checks them. Imports name files with their `.ts` extension, as everywhere here.
module.exports = {
  resolve: { extensions: [".ts", ".js", ".json"] },
  module: {
    rules: [
      {
        test: /\.ts$/,
        loader: "builtin:swc-loader",
        options: { jsc: { parser: { syntax: "typescript" }, target: "es2022" } },
        type: "javascript/auto",
      },
    ],
  },
};
