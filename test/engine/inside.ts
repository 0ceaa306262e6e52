// What runs inside an engine: the chip model under the bundle, and a list of steps. Plain JavaScript in the engines' subset.

/** Stands in front of everything on Espruino: what Linux builds lack or do otherwise than a board. */
export const ESPRUINO_PRELUDE = `
var S=require("Storage"),OUT="",PORT=null,RX=null;
function P(n){this.n=n;}
P.prototype.toString=function(){return this.n;};
global.Pin=P;
function take(d){d.setup=function(){};d.on=function(e,f){RX=f;};d.removeAllListeners=function(){};d.write=function(s){OUT+=s;};}
PORT={};take(PORT);take(USB);
take(Serial1);
if(typeof Serial2=="undefined")global.Serial2=PORT;else take(Serial2);
E.setConsole=function(){};
// Our Thumb routine is for engines without AES, which are built for ARM; elsewhere the engine would jump into strange code.
var THUMB=0,native=E.nativeCall;
if(require("crypto").AES)E.nativeCall=undefined;
else E.nativeCall=function(a,s,c){THUMB++;return native(a,s,c);};
function emit(s){print(s);}
function slice(at,n){return S.read("steps",at,n);}
function mem(){return process.memory();}
`;

/** The same for JerryScript, which has none of these. Timers are virtual: \`run()\` jumps from one to the next. */
export const JERRY_PRELUDE = `
var OUT="",RX=null,NOW=0,Q=[],NEXT=1,THUMB=0,global=globalThis;
function setTimeout(f,ms){Q.push({at:NOW+(ms>0?ms:0),f:f,id:NEXT});return NEXT++;}
function clearTimeout(id){for(var i=0;i<Q.length;i++)if(Q[i].id===id){Q.splice(i,1);return;}}
function getTime(){NOW+=0.02;return NOW/1000;}
function run(){while(Q.length&&!DONE){var b=0;for(var i=1;i<Q.length;i++)if(Q[i].at<Q[b].at)b=i;var t=Q.splice(b,1)[0];if(t.at>NOW)NOW=t.at;t.f();}}
function Pin(n){this.n=n;}
Pin.prototype.toString=function(){return this.n;};
var PORT={setup:function(){},on:function(e,f){RX=f;},removeAllListeners:function(){},write:function(s){OUT+=s;}};
var USB=PORT,Serial1=PORT,Serial2=PORT,SPI1={},I2C1={setup:function(){},writeTo:function(){},readFrom:function(a,n){return new Uint8Array(n);}};
function digitalRead(){return 0;}function digitalWrite(){}function pinMode(){}function setWatch(){return 1;}
var E={setConsole:function(){},reboot:function(){}};
var process={env:{BOARD:"LINUX",VERSION:"jerry"},memory:function(){return{free:0,total:0};}};
function require(m){if(m==="crypto")return{};return{read:function(){return undefined;}};}
var B="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
function btoa(s){var o="";for(var i=0;i<s.length;i+=3){var n=s.charCodeAt(i)<<16|(s.charCodeAt(i+1)||0)<<8|(s.charCodeAt(i+2)||0);
o+=B[n>>18]+B[n>>12&63]+(i+1<s.length?B[n>>6&63]:"=")+(i+2<s.length?B[n&63]:"=");}return o;}
function atob(s){var o="",n=0,k=0;for(var i=0;i<s.length&&s[i]!=="=";i++){n=(n<<6|B.indexOf(s[i]))&0xffffff;k+=6;
if(k>=8){k-=8;o+=String.fromCharCode(n>>k&255);}}return o;}
function emit(s){print(s);}
var LINE=0;
function slice(){return LINE<STEPS.length?STEPS[LINE++]+"\\n":"";}
function mem(){return{free:0,total:0,usage:0};}
`;

/**
 * Goes through the steps, one a line: "C text" types a console line and prints the answer in base64, "S base64" is any serial
 * input and "R" none: they print all that came since the last. "F rssi snr hex" lets the chip hear a frame, "X" prints every
 * frame sent so far, "M label" prints memory, "D ms" waits, "P" prints the chip's violations and how often native code was made.
 */
export const STEP_RUNNER = `
var DONE=0,AT=0,GAP=20;
function bytesOf(h){var u=new Uint8Array(h.length/2);for(var i=0;i<u.length;i++)u[i]=parseInt(h.substr(2*i,2),16);return u;}
function hexOf(u){var s="";for(var i=0;i<u.length;i++)s+=(u[i]<16?"0":"")+u[i].toString(16);return s;}
function idle(then){if(H.chip.dio1()){setTimeout(function(){idle(then);},1);}else setTimeout(then,5);}
// A board answers line by line; what the console says begins with an arrow.
function quiet(kind,left){var n=OUT.length;setTimeout(function(){
 if(left&&(OUT.length!==n||kind==="C"&&OUT.indexOf("->")<0))quiet(kind,left-1);else{emit(kind+" "+btoa(OUT));OUT="";step();}},100);}
function hear(p,left){
 // Between two receptions for a moment: a frame has a preamble to wait through. A tenth of a second is deaf.
 if(H.receive(bytesOf(p[2]),parseFloat(p[0]),parseFloat(p[1])))setTimeout(function(){idle(step);},GAP);
 else if(left)setTimeout(function(){hear(p,left-1);},2);
 else{emit("DEAF");step();}
}
function step(){
 var line=slice(AT,620),end=line.indexOf("\\n");
 if(end<0){DONE=1;FINISH();return;}
 line=line.substr(0,end);AT+=end+1;
 var kind=line.charAt(0),rest=line.substr(2);
 if(kind==="C"){OUT="";RX(rest+"\\r");quiet("C",90);}
 else if(kind==="S"){RX(atob(rest));quiet("S",90);}
 else if(kind==="R")quiet("S",90);
 else if(kind==="F")hear(rest.split(" "),50);
 else if(kind==="X"){var s=H.sent;for(var i=0;i<s.length;i++)emit("X "+hexOf(s[i]));step();}
 else if(kind==="M"){emit("M "+rest+" "+JSON.stringify(mem()));step();}
 else if(kind==="P"){emit("P "+H.chip.violations.length+" "+H.chip.violations.join("; "));emit("T "+THUMB);step();}
 else setTimeout(step,parseFloat(rest));
}
`;
