// The extension's icon: a round pool seen from the side, water rings under a rim.
import { LabIcon } from "@jupyterlab/ui-components";

export const poolIcon = new LabIcon({
  name: "cenote-lab:pool",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <g class="jp-icon3" fill="#616161">
    <path d="M8 2C4.4 2 1.5 3.2 1.5 4.8v6.4C1.5 12.8 4.4 14 8 14s6.5-1.2 6.5-2.800V4.8C14.5 3.200 11.600 2 8 2zm0 1.2c3.100 0 5.300.9 5.300 1.600S11.100 6.400 8 6.400 2.700 5.500 2.700 4.8 4.9 3.200 8 3.200zM2.700 6.600C3.9 7.300 5.800 7.600 8 7.600s4.100-.3 5.300-1v1.300c0 .2-.2.5-.6.7-.9.5-2.600.9-4.700.9s-3.800-.4-4.700-.9c-.4-.2-.6-.5-.6-.7zm0 3.100c1.300.7 3.200 1 5.300 1s4-.3 5.300-1v1.5c0 .7-2.200 1.600-5.300 1.600s-5.300-.9-5.300-1.600z"/>
  </g>
</svg>`,
});
