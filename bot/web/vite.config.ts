import { defineConfig } from "vite";

// Two builds into one dist: the demo site (index.html with hashed assets) and, with `--mode widget`, the one classic
// script that foreign pages embed. The widget comes second and must not empty what the site build has written.
export default defineConfig(({ mode }) =>
  mode === "widget"
    ? {
        publicDir: false,
        build: {
          target: "es2022",
          emptyOutDir: false,
          lib: { entry: "src/widget/main.ts", formats: ["iife"], name: "Wenyu", fileName: () => "wenyu.js" },
        },
      }
    : {
        build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
        server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true }, "/media": "http://127.0.0.1:8080" } },
      },
);
