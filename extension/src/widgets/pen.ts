// What pictures are drawn with: a canvas's context, or SvgPen, so that what is saved is what is shown.

type Context = CanvasRenderingContext2D;

export type Pen = Pick<
  Context,
  | ("fillStyle" | "strokeStyle" | "globalAlpha" | "lineWidth" | "lineJoin")
  | ("font" | "textAlign" | "textBaseline")
  | ("fillRect" | "strokeRect" | "fillText" | "strokeText" | "measureText" | "setLineDash")
> &
  Pick<Context, "beginPath" | "moveTo" | "lineTo" | "fill" | "stroke" | "translate">;
