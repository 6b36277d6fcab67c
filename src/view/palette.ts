/** Colours of labels: cool ones for the reference, warm ones for the prediction, apart for most kinds of colour blindness. */

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** Colours of the labels of a mask, taken again from the first after the last. */
export const PALETTES: Readonly<Record<"reference" | "prediction", readonly Colour[]>> = {
  reference: [[86, 180, 233], [0, 190, 140], [140, 150, 255], [150, 230, 220], [40, 120, 220], [190, 210, 255]],
  prediction: [[240, 160, 20], [230, 95, 40], [245, 230, 80], [225, 130, 180], [255, 190, 150], [200, 60, 90]],
};
